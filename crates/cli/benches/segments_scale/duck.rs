//! The same counts by `DuckDB`, of a table of its own, in the same process for all of them.

use crate::{Plan, data, data::Loaded};
use std::{
    cell::RefCell,
    fmt::Write as _,
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// Asked line by line: SQL in; count, median and 99th percentile of the time in milliseconds out.
const SCRIPT: &str = "\
import duckdb, os, sys, time
home = sys.argv[1]
file = os.path.join(home, 'duck.db')
db = duckdb.connect(file)
db.execute('set enable_progress_bar = false')
if not db.execute(\"select count(*) from information_schema.tables where table_name = 'events'\").fetchone()[0]:
    db.execute(f\"create or replace table contacts as select * from read_csv('{home}/contacts.csv', header = true, types = {{'phone': 'VARCHAR'}})\")
    db.execute(f\"create table events as select * from read_csv('{home}/events.csv', header = true) order by n, moment\")
    db.execute('checkpoint')
    os.remove(f'{home}/contacts.csv')
    os.remove(f'{home}/events.csv')
print('ready', flush = True)
for line in sys.stdin:
    times, count = [], 0
    for _ in range(25):
        began = time.perf_counter()
        count = db.execute(line).fetchone()[0]
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    print(count, times[len(times) // 2], times[-1], flush = True)
";

/// A running `DuckDB` with the data.
pub struct Duck {
    child: Child,
    talk: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Duck {
    /// Opens it; none if there is no Python that has it.
    pub fn open(plan: &Plan, loaded: &Loaded) -> Option<Self> {
        let python = std::env::var("DUCKDB_PYTHON").unwrap_or_else(|_| "python3".into());
        let has = Command::new(&python).args(["-c", "import duckdb"]).stderr(Stdio::null()).status();
        has.is_ok_and(|status| status.success()).then_some(())?;
        let home = plan.folder.join("duck");
        if !home.join("duck.db").exists() {
            std::fs::create_dir_all(&home).expect("a folder");
            write(&home, loaded);
        }
        let mut child = Command::new(&python)
            .args(["-c", SCRIPT])
            .arg(&home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let (to, from) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let duck = Self { child, talk: RefCell::new((to, BufReader::new(from))) };
        assert_eq!(duck.line().trim(), "ready", "DuckDB reads the data");
        Some(duck)
    }

    fn line(&self) -> String {
        let mut line = String::new();
        self.talk.borrow_mut().1.read_line(&mut line).expect("DuckDB answers");
        line
    }

    /// How many contacts, and the median and the longest time in milliseconds. The windows end now.
    pub fn ask(&self, condition: &str) -> (u64, f64, f64) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970").as_micros();
        let sql = format!("select count(*) from contacts c where {}", condition.replace("$now", &now.to_string()));
        writeln!(self.talk.borrow_mut().0, "{sql}").expect("DuckDB listens");
        let line = self.line();
        let mut words = line.split_whitespace().map(|word| word.parse::<f64>().expect("a number"));
        let mut word = || words.next().expect("three numbers");
        (word() as u64, word(), word())
    }
}

impl Drop for Duck {
    fn drop(&mut self) {
        // It only reads; nothing is lost with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(home: &Path, loaded: &Loaded) {
    let open = |name: &str| BufWriter::new(std::fs::File::create(home.join(name)).expect("a file can be made"));
    let (mut contacts, mut events) = (open("contacts.csv"), open("events.csv"));
    let mut line = String::new();
    writeln!(contacts, "n,name,email,phone,city,home,plan,orders,total_spent,score,newsletter,born,joined,customer,refunded")
        .expect("room");
    writeln!(events, "n,name,sku,amount,moment").expect("room");
    for n in 0..loaded.contacts {
        let known = data::known(n, loaded.begun);
        let born = known.born.map(|born| born.to_string()).unwrap_or_default();
        line.clear();
        let written = writeln!(
            line,
            "{n},{},{},\"{}\",{},{},{},{},{},{},{},{born},{},{},{}",
            known.name,
            known.email,
            known.phone,
            known.city,
            known.home,
            known.plan,
            known.orders,
            known.total_spent,
            known.score,
            known.newsletter,
            known.joined.0,
            known.customer,
            known.refunded
        );
        written.and_then(|()| contacts.write_all(line.as_bytes()).map_err(|_| std::fmt::Error)).expect("room on the disk");
        line.clear();
        for event in data::happened(n, loaded.events, loaded.begun) {
            writeln!(line, "{n},{},{},{},{}", event.name, event.sku, event.amount, event.at.0).expect("memory");
        }
        events.write_all(line.as_bytes()).expect("room on the disk");
    }
    contacts.flush().and_then(|()| events.flush()).expect("room on the disk");
}
