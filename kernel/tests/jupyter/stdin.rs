//! Questions of cells on the stdin channel.

use jupyter_zmq_client::{
    ExecuteRequest, InputReply, InterruptRequest, JupyterMessage, JupyterMessageContent,
};

use crate::client::{Client, Kernel, parent, patient};

impl Client {
    /// The question that `request` asks: the message, its prompt, and whether the answer is hidden.
    async fn asked(&mut self, request: &str) -> (JupyterMessage, String, bool) {
        let message = patient(self.stdin.read()).await.unwrap();
        assert_eq!(parent(&message), request);
        match &message.content {
            JupyterMessageContent::InputRequest(asked) => {
                let (prompt, password) = (asked.prompt.clone(), asked.password);
                (message, prompt, password)
            }
            other => panic!("{other:?} on stdin"),
        }
    }

    /// Types `text`; `question` is what a front end names as the question, if it names one.
    async fn type_in(&mut self, text: &str, question: Option<&JupyterMessage>) {
        let reply = InputReply {
            value: text.to_string(),
            ..Default::default()
        };
        let message = JupyterMessage::new(reply, question);
        self.stdin.send(message).await.unwrap();
    }
}

fn asking(code: &str) -> ExecuteRequest {
    let mut request = ExecuteRequest::new(code.to_string());
    request.allow_stdin = true;
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_end_of_the_cell_is_asked() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let mut other = Client::connect(&kernel, "b").await;
    for names_question in [true, false] {
        let cell = client
            .send(asking("print before\nask name?\nask-hidden pass?"))
            .await;
        for (prompt, hidden, text) in [("name?", false, "Ad\u{e5}"), ("pass?", true, "")] {
            let (question, asked, is_hidden) = client.asked(&cell).await;
            assert_eq!((asked.as_str(), is_hidden), (prompt, hidden));
            let named = names_question.then_some(&question);
            client.type_in(text, named).await;
        }
        let shown = client.published(&cell).await;
        assert_eq!(
            shown[2..],
            [
                "stdout \"before\\nLine(\\\"Ad\u{e5}\\\")\\nLine(\\\"\\\")\\n\"",
                "idle"
            ]
        );
        client.reply(&cell).await;
        let _ = other.published(&cell).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_end_without_input_is_not_asked() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let mut request = ExecuteRequest::new("ask name?".to_string());
    request.allow_stdin = false;
    let shown = client.dialogue(request).await;
    assert!(
        shown.contains(
            "Refused(\\\"this front end does not take input (`allow_stdin` is false)\\\")"
        ),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_the_question_and_a_late_answer_is_dropped() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let cell = client.send(asking("ask first?")).await;
    let (first, ..) = client.asked(&cell).await;
    let interrupt = client.send_control(InterruptRequest::default()).await;
    client.control_reply(&interrupt).await;
    assert_eq!(
        client.reply(&cell).await,
        "error [1] Interrupted: the cell was interrupted"
    );
    client.published(&cell).await;
    let cell = client.send(asking("ask second?")).await;
    let (second, ..) = client.asked(&cell).await;
    client.type_in("late", Some(&first)).await;
    client.type_in("in time", Some(&second)).await;
    let shown = client.published(&cell).await;
    assert!(
        shown.contains(&"stdout \"Line(\\\"in time\\\")\\n\"".to_string()),
        "{shown:?}"
    );
}
