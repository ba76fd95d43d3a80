//! Code in a document: its fenced blocks, and the pieces within its lines.

/// A fenced block.
pub(crate) struct Block {
    /// The first word after the fence.
    pub(crate) language: String,
    /// The other words, which name how the block is run.
    pub(crate) marks: Vec<String>,
    pub(crate) text: String,
}

impl Block {
    pub(crate) fn has(&self, mark: &str) -> bool {
        self.marks.iter().any(|it| it == mark)
    }

    /// The value of a mark, behind its `=`.
    pub(crate) fn value(&self, mark: &str) -> Option<&str> {
        self.marks.iter().find_map(|it| it.strip_prefix(mark)?.strip_prefix('='))
    }
}

/// The fenced blocks of a document, in their order.
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for line in document.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => {
                let mut words = info.split_whitespace().map(str::to_owned);
                let language = words.next().unwrap_or_default();
                open = Some(Block { language, marks: words.collect(), text: String::new() });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

/// Every line of a block of commands, and every piece of code within the lines of a document, that begins with a word.
pub(crate) fn commands(document: &str, word: &str) -> Vec<String> {
    let fenced = blocks(document);
    let lines = fenced.iter().filter(|it| it.language == "sh").flat_map(|it| it.text.lines());
    let mut is_fenced = false;
    let spans = document.lines().filter(|line| {
        is_fenced ^= line.starts_with("```");
        !is_fenced && !line.starts_with("```")
    });
    let spans = spans.flat_map(|line| line.split('`').skip(1).step_by(2));
    let all = lines.chain(spans).map(|it| without_variables(it.trim()));
    all.filter(|it| it.split(' ').next() == Some(word)).map(str::to_owned).collect()
}

/// A command without the variables that stand before it, as in `PORT=8080 make run`.
fn without_variables(command: &str) -> &str {
    let is_name = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_uppercase() || it == '_');
    match command.split_once(' ') {
        Some((first, rest)) if first.split_once('=').is_some_and(|(name, _)| is_name(name)) => {
            without_variables(rest)
        }
        _ => command,
    }
}

/// The words of a text that begin with a digit, without what stands around them.
pub(crate) fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split_whitespace().map(|it| it.trim_matches(|it: char| !it.is_ascii_alphanumeric()));
    words.filter(|it| it.starts_with(|it: char| it.is_ascii_digit()))
}

/// The numbers in the table under a heading, without those of its first column, which says what was measured.
pub(crate) fn figures<'a>(document: &'a str, heading: &str) -> Vec<&'a str> {
    let below = document.lines().skip_while(|line| *line != heading).skip(1);
    let table = below.take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("| "));
    table.flat_map(|row| row.split(" | ").skip(1)).flat_map(numbers).collect()
}

/// The names of settings in a text.
pub(crate) fn settings(text: &str) -> Vec<String> {
    let is_part = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_';
    let words = text.split(|it| !is_part(it)).filter(|word| word.starts_with("HUBBUB_"));
    words.map(str::to_owned).collect()
}
