//! Every field that can grow has a row in docs/SECURITY.md with its bound, because a table without one can fill the memory.

use crate::source::{Source, holds, in_package, read, sources};

/// Types of fields that grow with what clients do. Lists that are part of a message or of an answer are as large as that.
const GROWS: [&str; 15] = [
    "HashMap<",
    "HashSet<",
    "BTreeMap<",
    "BTreeSet<",
    "VecDeque<",
    "BinaryHeap<",
    "Mutex<Vec<",
    "RateLimiter<",
    "SendQueue<",
    "TwoGenerationCache<",
    "mpsc::Sender<",
    "mpsc::UnboundedSender<",
    "SyncSender<",
    "JoinSet<",
    "TaskTracker",
];

/// The packages whose code runs in a server.
const IN_THE_SERVER: [&str; 6] = ["server", "hub", "websocket", "engineio", "socketio", "send_queue"];

/// The fields that grow in the code of a server, as `path: field`.
fn growing(source: &Source) -> Vec<String> {
    let is_code = IN_THE_SERVER.iter().any(|package| source.is_in(&in_package(package, "src/")));
    // The store in memory is for tests.
    if !is_code || source.path.contains("/memory") || source.is_test() {
        return Vec::new();
    }
    let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
    let fields = code.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
        let (name, kind) = line.trim_start_matches("pub ").split_once(": ")?;
        let is_name = name.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_');
        let is_field = is_name
            && kind.ends_with(',')
            && !["&", "::new(", "::default(", " = "].iter().any(|it| kind.contains(it));
        let grows = GROWS.iter().any(|it| kind.contains(it)) && !kind.contains("TaskTrackerToken");
        (is_field && grows).then(|| format!("{}: {name}", source.path))
    });
    fields.collect()
}

/// Those that have no row in the document.
fn without_a_row(sources: &[Source], document: &str) -> Vec<String> {
    let fields = sources.iter().flat_map(growing);
    fields.filter(|field| !document.contains(&format!("`{field}`"))).collect()
}

/// Rows of the document whose fields are not there any more.
fn rows_of_nothing(sources: &[Source], document: &str) -> Vec<String> {
    let known: Vec<String> = sources.iter().flat_map(growing).collect();
    let named = document.split('`').filter(|word| word.contains(".rs: "));
    named.filter(|word| !known.iter().any(|field| field == word)).map(str::to_owned).collect()
}

#[test]
fn every_field_that_grows_has_a_row_in_the_table() {
    let [hub, server, app] = ["hub", "server", "app"].map(|package| in_package(package, "src"));
    let sample = [
        Source::sample(
            &format!("{hub}/a.rs"),
            "struct A {\n    waiting: VecDeque<u8>,\n    count: usize,\n}\n",
        ),
        Source::sample(
            &format!("{server}/b.rs"),
            "    pub(crate) table: Mutex<HashMap<A, B>>,\n    tasks: TaskTracker,\n",
        ),
        Source::sample(&format!("{app}/c.rs"), "    rooms: HashMap<A, B>,\n"),
        Source::sample(
            &format!("{hub}/d.rs"),
            "    let a: HashMap<A, B> = x;\n    _open: TaskTrackerToken,\n",
        ),
    ];
    assert_eq!(
        without_a_row(&sample, &format!("| `{server}/b.rs: table` | bounded |")),
        [format!("{hub}/a.rs: waiting"), format!("{server}/b.rs: tasks")]
    );
    assert_eq!(
        rows_of_nothing(&sample, &format!("`{hub}/a.rs: waiting` `{hub}/a.rs: gone`")),
        [format!("{hub}/a.rs: gone")]
    );
    let (sources, document) = (sources(), read("docs/SECURITY.md"));
    assert!(sources.iter().flat_map(growing).count() > 20);
    holds(&without_a_row(&sources, &document));
    holds(&rows_of_nothing(&sources, &document));
}
