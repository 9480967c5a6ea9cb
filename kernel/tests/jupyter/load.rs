//! Floods, and clients that do not read.

use std::time::{Duration, Instant};

use crate::client::{Client, Kernel, describe, subscriber};

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_lines_loses_nothing_and_idle_comes_last() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let lines = 500_000;
    let request = client.execute(&format!("flood {lines}\nresult end")).await;
    let mut text = String::new();
    let mut messages = 0;
    loop {
        let message = client.next_for(&request).await;
        messages += 1;
        let content = serde_json::to_value(&message.content).unwrap();
        match message.header.msg_type.as_str() {
            "stream" => text.push_str(content["text"].as_str().unwrap()),
            _ if describe(&message) == "idle" => break,
            _ => {}
        }
    }
    let expected: String = (0..lines).map(|n| format!("{n}\n")).collect();
    assert!(text == expected, "text was lost or reordered");
    assert!(messages < 1000, "{messages} messages");
    assert_eq!(client.reply(&request).await, "ok [1]");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_updates_the_last_arrives_before_idle() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let code = "display a 0\ndisplay b 0\nprogress a 100000\nprogress b 50\nprint end";
    let request = client.execute(code).await;
    let published = client.published(&request).await;
    let last_of = |id: &str| {
        let update = format!("update {id} ");
        published
            .iter()
            .rfind(|seen| seen.starts_with(&update))
            .cloned()
    };
    assert_eq!(last_of("a").as_deref(), Some(r#"update a "100000""#));
    assert_eq!(last_of("b").as_deref(), Some(r#"update b "50""#));
    assert!(published.len() < 200, "{} messages", published.len());
}

/// How long a subscriber does not read, and how often others see something meanwhile.
const STALL: Duration = Duration::from_secs(60);
const PACE: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_never_reads_does_not_stop_the_others() {
    let kernel = Kernel::start().await;
    let stalled = subscriber(&kernel).await;
    let mut client = Client::connect(&kernel, "a").await;
    let request = client.execute("large 64\nprint end").await;
    let published = client.published(&request).await;
    let displays = published.iter().filter(|seen| seen.starts_with("display"));
    assert_eq!(displays.count(), 64);
    assert_eq!(client.reply(&request).await, "ok [1]");
    let begun = Instant::now();
    let mut count = 1;
    while begun.elapsed() < STALL {
        count += 1;
        let request = client
            .execute(&format!("print {count}\nshow {count}"))
            .await;
        let expected = [
            "busy".to_owned(),
            format!("input [{count}] \"print {count}\\nshow {count}\""),
            format!("stdout \"{count}\\n\""),
            format!("display - \"{count}\""),
            "idle".to_owned(),
        ];
        assert_eq!(client.published(&request).await, expected);
        assert_eq!(client.reply(&request).await, format!("ok [{count}]"));
        tokio::time::sleep(PACE).await;
    }
    drop(stalled);
}
