//! What the Jupyter side costs, with an evaluator that does nothing: the time from a request to idle, and how many messages a
//! second go out on iopub.
//!
//! `cargo bench -p dagbok-kernel --bench wire`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../tests/jupyter/client.rs"]
#[allow(dead_code, reason = "the tests do more with it")]
mod client;
#[path = "../tests/jupyter/scripted.rs"]
#[allow(dead_code, reason = "the tests do more with it")]
mod scripted;

use std::time::Instant;

use client::{Client, Kernel, subscriber};
use tokio::io::AsyncReadExt;

const N_CELLS: usize = 2000;
const N_MESSAGES: u32 = 500_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a tokio runtime");
    runtime.block_on(cells());
    runtime.block_on(messages());
}

/// The time of a cell that does nothing.
async fn cells() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "bench").await;
    let mut times = Vec::new();
    for _ in 0..N_CELLS {
        let start = Instant::now();
        let request = client.execute("").await;
        client.published(&request).await;
        times.push(start.elapsed());
        client.reply(&request).await;
    }
    times.sort();
    let ms = |share: f64| times[(times.len() as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "a cell that does nothing, from request to idle: median {:.2} ms, p90 {:.2}, p99 {:.2} (asked: 3)",
        ms(0.5),
        ms(0.9),
        ms(0.99)
    );
}

/// Displays of one cell, as fast as they go, to one subscriber that only counts bytes.
async fn messages() {
    let kernel = Kernel::start().await;
    let mut subscriber = subscriber(&kernel).await;
    let mut client = Client::connect(&kernel, "bench").await;
    let request = client.execute("show first").await;
    client.published(&request).await;
    // From now on the client does not read, which the kernel tolerates.
    let cpu_before = cpu_seconds();
    let start = Instant::now();
    client.execute(&format!("many {N_MESSAGES}")).await;
    let last = format!("\"text/plain\":\"{}\"", N_MESSAGES - 1);
    let mut buffer = vec![0; 1 << 20];
    let mut len = 0;
    loop {
        let read = subscriber
            .read(&mut buffer[len..])
            .await
            .expect("the kernel publishes");
        len += read;
        let at = buffer[..len]
            .windows(last.len())
            .position(|window| window == last.as_bytes());
        if at.is_some() {
            break;
        }
        // Half of what was sought may be at the end.
        let kept = len.min(last.len());
        buffer.copy_within(len - kept..len, 0);
        len = kept;
    }
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu_before);
    let thousands = f64::from(N_MESSAGES) / 1e3;
    println!(
        "iopub: {:.0} thousand messages a second; {:.0} thousand for each second of one core, this reader included (asked: 50)",
        thousands / wall,
        thousands / cpu
    );
}

/// The CPU time of this process.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .expect("a name in parentheses")
        .1
        .split_whitespace()
        .collect();
    let ticks = |idx: usize| fields[idx].parse::<f64>().expect("a number of ticks");
    (ticks(11) + ticks(12)) / 100.0
}
