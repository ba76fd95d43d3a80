//! Options: the command line.

use crate::failed::Failed;

pub(crate) const USAGE: &str = "\
load MODE --target hubbub|hubbub-socketio|plain|socketio --port PORT --pid PID [OPTIONS]

  fanout   everybody in a room hears what one of them says    --window N, or --rate DELIVERIES [--search]
  posts    the same with messages that are stored and acknowledged
  connect  open, join, reset, again                           --window SLOTS
  storm    all are lost and come back                         --window AT ONCE
  idle     memory and CPU of those who only listen
  churn    connect, join, post, leave                         --rate PER SECOND
  history  pages of 50 at random places                       --window PAGES --messages COUNT

  --rooms N --members N or N-M   who is where; c0, c1 … are put into rooms one after the other (1, 1)
  --payload BYTES                of a body (128)
  --warmup S --duration S        before and during the measurement (1, 4)
  --p99-ms MS                    what --search asks for (100)
  --limit S                      for opening all connections (120)
  --secret TEXT                  tokens are signed with it
  --label TEXT                   comes back in the answer";

/// How many are in each room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Members {
    fewest: u64,
    most: u64,
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) mode: String,
    pub(crate) target: String,
    pub(crate) label: String,
    pub(crate) port: u16,
    pub(crate) pid: u32,
    pub(crate) secret: String,
    pub(crate) rooms: u64,
    pub(crate) members: Members,
    pub(crate) payload: usize,
    pub(crate) window: usize,
    pub(crate) rate: f64,
    pub(crate) search: bool,
    pub(crate) warmup: f64,
    pub(crate) duration: f64,
    pub(crate) p99_ms: f64,
    pub(crate) limit: f64,
    pub(crate) messages: u64,
}

impl Options {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Failed> {
        let mode = arguments.next().ok_or_else(|| Failed::Usage(USAGE.to_owned()))?;
        let mut options = Self {
            mode,
            target: "hubbub".to_owned(),
            label: String::new(),
            port: 0,
            pid: 0,
            secret: String::new(),
            rooms: 1,
            members: Members { fewest: 1, most: 1 },
            payload: 128,
            window: 0,
            rate: 0.0,
            search: false,
            warmup: 1.0,
            duration: 4.0,
            p99_ms: 100.0,
            limit: 120.0,
            messages: 0,
        };
        while let Some(name) = arguments.next() {
            if name == "--search" {
                options.search = true;
                continue;
            }
            let value = arguments.next().ok_or_else(|| Failed::Usage(format!("{name} needs a value")))?;
            options.set(&name, value)?;
        }
        if options.port == 0 || options.pid == 0 {
            return Err(Failed::Usage("--port and --pid are needed".to_owned()));
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), Failed> {
        match name {
            "--target" => self.target = value,
            "--label" => self.label = value,
            "--secret" => self.secret = value,
            "--port" => self.port = number(name, &value)?,
            "--pid" => self.pid = number(name, &value)?,
            "--rooms" => self.rooms = number(name, &value)?,
            "--members" => self.members = Members::read(name, &value)?,
            "--payload" => self.payload = number(name, &value)?,
            "--window" => self.window = number(name, &value)?,
            "--rate" => self.rate = number(name, &value)?,
            "--warmup" => self.warmup = number(name, &value)?,
            "--duration" => self.duration = number(name, &value)?,
            "--p99-ms" => self.p99_ms = number(name, &value)?,
            "--limit" => self.limit = number(name, &value)?,
            "--messages" => self.messages = number(name, &value)?,
            _ => return Err(Failed::Usage(format!("there is no option {name}\n\n{USAGE}"))),
        }
        Ok(())
    }

    /// The room of each connection, as an index, room after room.
    pub(crate) fn places(&self) -> Vec<u64> {
        let span = self.members.most - self.members.fewest + 1;
        let size = |room: u64| self.members.fewest + room % span;
        (0..self.rooms).flat_map(|room| (0..size(room)).map(move |_| room)).collect()
    }

    /// The name of a room. The shape is in it, so one database has the rooms of all shapes; `qa/bench/src/bin/fill` makes them.
    pub(crate) fn room(&self, index: u64) -> String {
        let Members { fewest, most } = self.members;
        let members = if fewest == most { fewest.to_string() } else { format!("{fewest}-{most}") };
        format!("r{}x{members}-{index}", self.rooms)
    }
}

impl Members {
    fn read(name: &str, value: &str) -> Result<Self, Failed> {
        let (fewest, most) = value.split_once('-').unwrap_or((value, value));
        let members = Self { fewest: number(name, fewest)?, most: number(name, most)? };
        if members.fewest == 0 || members.most < members.fewest {
            return Err(Failed::Usage(format!("{name} {value} is nobody")));
        }
        Ok(members)
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, Failed> {
    value.parse().map_err(|_| Failed::Usage(format!("{name} {value} is no such number")))
}
