//! Pictures of profiles whose figures are known.

use std::time::Duration;

use dagbok::profile::{
    CacheHits, Computation, LayerRecord, Record, Sample, State, StoredChange, TaskRecord,
};
use dagbok::{Name, Site};
use expect_test::{Expect, expect};

use super::lanes::{Marked, lanes};
use super::*;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A record of `tasks`: layer, thread, start and duration in milliseconds.
fn record(operations: &[&str], tasks: &[(u32, u32, u64, u64)]) -> Record {
    let names: Vec<Name> = operations
        .iter()
        .enumerate()
        .map(|(idx, name)| Name::of(name, idx))
        .collect();
    let layer = |name: &Name| LayerRecord {
        name: *name,
        site: Site::caller(),
        detail: "(10,) f64".to_owned(),
    };
    let elapsed = tasks
        .iter()
        .map(|(.., start, elapsed)| start + elapsed)
        .max();
    let tasks = tasks
        .iter()
        .enumerate()
        .map(|(idx, &(layer, thread, start, elapsed))| TaskRecord {
            computation: 0,
            layer,
            name: layer,
            block: idx..idx + 1,
            thread,
            start: millis(start),
            elapsed: millis(elapsed),
            bytes: 1000,
            released: None,
            state: State::Done,
        });
    let tasks: Vec<TaskRecord> = tasks.collect();
    Record {
        elapsed: millis(elapsed.unwrap_or(10)),
        n_threads: 2,
        computations: vec![Computation {
            parent: None,
            start: Duration::ZERO,
            elapsed: millis(elapsed.unwrap_or(10)),
            n_tasks: tasks.len(),
            state: State::Done,
        }],
        layers: names.iter().map(layer).collect(),
        names,
        blocks: (0..tasks.len() as u32).collect(),
        tasks,
        ..Record::default()
    }
}

fn check_text(record: &Record, expected: Expect) {
    let text = plain(&View::of(record));
    let text: Vec<&str> = text
        .lines()
        .map(|line| line.split("  runtime").next().unwrap_or_default())
        .collect();
    expected.assert_eq(&text.join("\n"));
}

#[test]
fn the_table_has_a_row_for_each_layer_the_longest_first() {
    let tasks = [
        (0, 0, 0, 30),
        (0, 1, 0, 50),
        (1, 0, 30, 100),
        (2, 1, 200, 1),
    ];
    check_text(
        &record(&["random", "add", "add"], &tasks),
        expect![[r#"
        Profile of 4 tasks in 1 computation: 201 ms, 2 threads 45 % busy
          layer     tasks    total     mean  longest   results  made in
          add-532d      1   100 ms   100 ms   100 ms  0.98 KiB
          random        2  80.0 ms  40.0 ms  50.0 ms  1.95 KiB
          add-2bc6      1  1.00 ms  1.00 ms  1.00 ms  0.98 KiB"#]],
    );
}

#[test]
fn what_was_found_in_the_cache_is_told() {
    let mut record = record(&["add"], &[(0, 0, 0, 10)]);
    record.cache_hits = CacheHits {
        count: 3,
        bytes: 24 << 20,
    };
    let headline = "Profile of 1 task in 1 computation: 10.0 ms, 2 threads 50 % busy, 3 results (24.00 MiB) from the cache";
    assert!(plain(&View::of(&record)).starts_with(headline));
    let in_html = bundle(&record);
    for html in [in_html.get("text/html").expect("HTML"), &report(&record)] {
        assert!(html.contains(headline));
    }
}

#[test]
fn threads_without_tasks_are_not_busy() {
    let found = Record {
        tasks: Vec::new(),
        ..record(&["add"], &[(0, 0, 0, 10)])
    };
    assert!(headline(&found).ends_with("2 threads 0 % busy"));
}

#[test]
fn a_record_of_nothing_says_so() {
    let empty = Record {
        elapsed: millis(12),
        ..Record::default()
    };
    check_text(
        &empty,
        expect![["Profile: nothing was computed in 12.0 ms"]],
    );
    assert!(
        !bundle(&empty)
            .get("text/html")
            .expect("HTML")
            .contains("<img")
    );
    let report = report(&empty);
    assert!(report.contains("nothing was computed") && !report.contains("<table"));
}

/// The marks of each lane: `key@place+width` for tasks, `count*layer` for bins.
fn check_lanes(record: &Record, expected: Expect) {
    let lanes = lanes(record, 100.0);
    let mark = |mark: &lanes::Mark| match &mark.what {
        Marked::Task(idx) => format!(
            "{}@{:.0}+{:.0}",
            record.tasks[*idx].layer, mark.x, mark.width
        ),
        Marked::Bin(bin) => format!(
            "{}*{}@{:.0}+{:.0}",
            bin.n_tasks, bin.layer, mark.x, mark.width
        ),
    };
    let lane = |lane: &lanes::Lane| {
        let marks: Vec<String> = lane.marks.iter().map(mark).collect();
        format!("{}: {}", lane.label, marks.join(" "))
    };
    let lanes: Vec<String> = lanes.iter().map(lane).collect();
    expected.assert_eq(&lanes.join("\n"));
}

#[test]
fn threads_have_lanes_and_so_have_threads_that_help_while_they_wait() {
    let tasks = [
        (0, 0, 0, 100),
        (1, 2, 10, 50),
        (1, 2, 20, 50),
        (1, 2, 70, 10),
    ];
    check_lanes(
        &record(&["a", "b"], &tasks),
        expect![[r#"
        thread 0: 0@0+100
        thread 1: 
        nested 0: 1@10+50 1@70+10
        nested 1: 1@20+50"#]],
    );
}

#[test]
fn tasks_that_cannot_be_told_apart_share_a_mark() {
    let mut tasks: Vec<(u32, u32, u64, u64)> = (0..4000)
        .map(|idx| (idx as u32 % 3 / 2, 0, idx, 1))
        .collect();
    tasks.push((2, 0, 4000, 4000));
    let mut record = record(&["a", "b", "c"], &tasks);
    record.n_threads = 1;
    let lanes = lanes(&record, 100.0);
    let marks = &lanes[0].marks;
    assert!(marks.len() < 60, "{} marks", marks.len());
    let n_tasks: usize = marks
        .iter()
        .map(|mark| match &mark.what {
            Marked::Task(_) => 1,
            Marked::Bin(bin) => bin.n_tasks,
        })
        .sum();
    assert_eq!(n_tasks, 4001);
    let is_long = |mark: &lanes::Mark| matches!(mark.what, Marked::Task(4000));
    assert!(marks.iter().any(is_long));
}

/// Any record gives a picture that is well formed and not too large.
#[track_caller]
fn check_picture(record: &Record) {
    let svg = stream::picture(&View::of(record)).svg();
    assert!(svg.len() < 500_000, "{} bytes", svg.len());
    let mut reader = quick_xml::Reader::from_str(&svg);
    while reader.read_event().expect("XML") != quick_xml::events::Event::Eof {}
    for wrong in ["NaN", "inf\"", "-inf"] {
        assert!(!svg.contains(wrong), "{wrong} in {svg}");
    }
}

#[test]
fn any_figures_give_a_picture() {
    check_picture(&record(&["a"], &[]));
    check_picture(&record(&["a"], &[(0, 0, 0, 0)]));
    check_picture(&record(&["<b>ünï🦀&\u{1}"], &[(0, 0, 0, 5), (0, 9, 0, 5)]));
    let many: Vec<_> = (0..20_000)
        .map(|idx| (idx % 40, idx % 200, u64::from(idx) / 100, 3))
        .collect();
    let operations: Vec<String> = (0..40).map(|idx| format!("layer number {idx}")).collect();
    let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
    let mut record = record(&operations, &many);
    for n_threads in [0, 1, 8, 32, 200] {
        record.n_threads = n_threads;
        check_picture(&record);
    }
    for (idx, task) in record.tasks.iter_mut().enumerate() {
        task.state = [State::Done, State::Failed, State::Running][idx % 3];
    }
    check_picture(&record);
    record.elapsed = Duration::ZERO;
    check_picture(&record);
    record.elapsed = Duration::from_secs(1 << 40);
    check_picture(&record);
}

#[test]
fn what_the_system_does_not_say_is_left_out() {
    let mut record = record(&["a"], &[(0, 0, 0, 200)]);
    let labels = |record: &Record| {
        let svg = stream::picture(&View::of(record)).svg();
        ["CPU, cores", "memory", "disk"].map(|label| svg.contains(&format!(">{label}")))
    };
    assert_eq!(labels(&record), [false, true, false]);
    let sample = |at, cpu| Sample {
        at: millis(at),
        cpu: Some(millis(cpu)),
        ..Sample::default()
    };
    record.samples = vec![sample(0, 0), sample(100, 150), sample(200, 350)];
    assert_eq!(labels(&record), [true, true, false]);
    let svg = stream::picture(&View::of(&record)).svg();
    assert!(
        svg.contains("<title>CPU, cores: 2 at most, 2 at the end</title>"),
        "{svg}"
    );
    for sample in &mut record.samples {
        (sample.read, sample.written) = (Some(5), Some(u64::MAX));
    }
    assert_eq!(labels(&record), [true, true, true]);
    check_picture(&record);
}

#[test]
fn each_task_says_what_it_was() {
    let record = record(&["add"], &[(0, 0, 0, 30)]);
    let svg = stream::picture(&View::of(&record)).svg();
    let key = record.key(&record.tasks[0]).replace('\'', "&#39;");
    assert!(
        svg.contains(&format!(
            "<title>{key}\nadd, from 0 s, 30.0 ms, 0.98 KiB</title>"
        )),
        "{svg}"
    );
    assert!(svg.contains("role=\"img\" aria-label=\"Profile of 1 task in 1 computation: 30.0 ms, 2 threads 50 % busy."));
}

#[test]
fn what_is_on_the_disk_is_not_in_memory() {
    let mut record = record(&["a"], &[(0, 0, 0, 100), (0, 0, 100, 100)]);
    let moved = |at, bytes| StoredChange {
        at: millis(at),
        bytes,
    };
    record.stored = vec![moved(150, 1000), moved(180, -1000)];
    let svg = |record: &Record| stream::picture(&View::of(record)).svg();
    let drawn = svg(&record);
    for title in [
        "<title>results: 1.95 KiB at most, 1.95 KiB at the end</title>",
        "<title>on disk: 0.98 KiB at most, 0 B at the end</title>",
    ] {
        assert!(drawn.contains(title), "{title} in {drawn}");
    }
    assert!(!drawn.contains("limit"));
    check_picture(&record);
    assert!(headline(&record).ends_with("2 threads 50 % busy, 0.98 KiB to the disk"));
    // a limit is drawn where it is near
    record.memory_limit = Some(3000);
    let drawn = svg(&record);
    assert!(drawn.contains("<title>memory limit: 2.93 KiB</title>"));
    // and named above its strip, where no curve is
    let y = |end: &str| -> f64 {
        let (start, _) = drawn.split_once(end).expect(end);
        let (_, y) = start.rsplit_once(" y=\"").expect("a place");
        y.trim_end_matches("\">").parse().expect("a number")
    };
    assert!(y("limit 2.93 KiB</text>") < y("results</text>") - 10.0);
    check_picture(&record);
    record.memory_limit = Some(1 << 40);
    assert!(!svg(&record).contains("limit"));
}
