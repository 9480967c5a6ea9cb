//! Comms and widgets: what cells and callbacks say to a front end, and it to them.

mod support;

use dagbok_kernel::evaluate::{Comm, CommEvent, Shell};
use expect_test::{Expect, expect};
use serde_json::{Map, Value, json};
use support::{Begun, Session};

/// A session and its front end, which writes down everything with short numbers in place of the ids of comms.
struct Notebook {
    session: Session,
    ids: Vec<String>,
}

impl Notebook {
    fn new() -> Self {
        Notebook {
            session: Session::start(),
            ids: Vec::new(),
        }
    }

    fn run(&mut self, code: &str) -> String {
        let shown = self.session.show(code);
        self.short(&shown)
    }

    /// The front end says something on the comm `id`, which may be a number of [`short`](Self::short).
    fn hear(&mut self, id: &str, event: CommEvent, data: Value, buffers: &[&[u8]]) -> String {
        let comm = self.comm(id, event, data, buffers);
        let shown = self.session.hear(comm).join("\n");
        self.short(&shown)
    }

    fn say(&mut self, id: &str, data: Value) -> String {
        self.hear(id, CommEvent::Message, data, &[])
    }

    fn comm(&self, id: &str, event: CommEvent, data: Value, buffers: &[&[u8]]) -> Comm {
        Comm {
            id: self.id(id),
            event,
            data,
            metadata: Map::new(),
            buffers: buffers
                .iter()
                .map(|buffer| buffer.to_vec().into())
                .collect(),
        }
    }

    fn id(&self, id: &str) -> String {
        let number = id
            .strip_prefix('#')
            .and_then(|number| number.parse::<usize>().ok());
        match number {
            Some(number) => self.ids[number - 1].clone(),
            None => id.to_owned(),
        }
    }

    /// `text` with `#1` for the first id of 32 digits that was ever there, and so on.
    fn short(&mut self, text: &str) -> String {
        let is_digit = |c: char| c.is_ascii_hexdigit();
        let mut short = text.to_owned();
        let words: Vec<&str> = text
            .split(|c| !is_digit(c))
            .filter(|word| word.len() == 32)
            .collect();
        for word in words {
            let known = self.ids.iter().position(|id| id == word);
            let number = known.unwrap_or_else(|| {
                self.ids.push(word.to_owned());
                self.ids.len() - 1
            });
            short = short
                .replace(&format!("#{word}"), word)
                .replace(word, &format!("#{}", number + 1));
        }
        short
    }
}

/// Carries out the steps in `script`, which `|||` separates, in a new session; what each shows after its number.
///
/// A step is a cell, or what the front end says: `< open ID TARGET DATA`, `< say ID DATA`, `< close ID DATA`.
#[track_caller]
fn check_comms(script: &str, expected: Expect) {
    let mut notebook = Notebook::new();
    let mut shown = Vec::new();
    for (idx, step) in script.split("|||").enumerate() {
        let step = step.trim();
        let text = match step.strip_prefix("< ") {
            Some(said) => {
                let mut words = said.splitn(3, ' ');
                let (kind, id) = (words.next().unwrap(), words.next().unwrap());
                let rest = words.next().unwrap_or("{}");
                let (event, data) = match kind {
                    "open" => {
                        let (target, data) = rest.split_once(' ').unwrap();
                        let target = target.to_owned();
                        (CommEvent::Open { target }, data)
                    }
                    "say" => (CommEvent::Message, rest),
                    "close" => (CommEvent::Close, rest),
                    other => panic!("nobody can `{other}`"),
                };
                notebook.hear(id, event, data.parse().unwrap(), &[])
            }
            None => notebook.run(step),
        };
        if !text.is_empty() {
            shown.push(format!("{}: {text}", idx + 1));
        }
    }
    expected.assert_eq(&shown.join("\n"));
}

#[test]
fn cells_open_comms() {
    check_comms(
        r#"use dagbok::comm::{Comm, Message, json, register_target}; let n = 2;
let comm = Comm::open("chat", json!({"hello": n}));
comm.on_message(|message| println!("heard {}", message.data["text"].as_str().unwrap_or("nothing")));
comm.on_close(|message| println!("closed: {}", message.data)); comm.is_open() |||
comm.send(json!([1, null, {"å\n": 0.5}]))?; comm.send_with_buffers(json!({}), vec![vec![1, 2, 3], vec![]])?;
comm.send_message(&Message { metadata: json!({"a": 1}), ..json!("x").into() })?; |||
< say #1 {"text": "you"} ||| < say #1 {} ||| comm |||
< close #1 {"bye": true} ||| < say #1 {"text": "late"} ||| comm.is_open() ||| comm.send(json!(1))? ||| comm.close(json!({})) |||
let other = Comm::open("chat", json!({})); other.close(json!({"enough": 1})); other.close(json!({})); other"#,
        expect![[r#"
            1: open chat #1 {"hello":2}
            =true
            2: say #1 [1,null,{"å\n":0.5}]
            say #1 {} and 3 bytes [1, 2, 3] and 0 bytes []
            say #1 "x" about {"a":1}
            3: stdout "heard you\n"
            4: stdout "heard nothing\n"
            5: =Comm("chat", open)
            6: stdout "closed: {\"bye\":true}\n"
            8: =false
            9: Error: the comm to `chat` is closed
             --> cell 5, line 1
              | comm.send(json!(1))?
            11: open chat #2 {}
            close #2 {"enough":1}
            =Comm("chat", closed)"#]],
    );
}

#[test]
fn front_ends_open_comms() {
    check_comms(
        r#"use dagbok::comm::{json, register_target, unregister_target}; let mut n = 0;
register_target("echo", move |comm, opened| { n += 1; println!("{n}: {} {:?}", opened.data, comm.target()); let answers = comm.clone();
    comm.on_message(move |message| answers.send(json!({"echo": &message.data})).unwrap()); }); |||
< open a echo {"x": 1} ||| < say a [2] ||| < open b echo {} ||| < say a 3 ||| < say b 4 |||
< open c nowhere {} ||| < say c {} ||| < close c {} ||| < close a {} ||| < say a {} |||
register_target("echo", |comm, _| comm.close(json!("no"))); ||| < open d echo {} ||| < say b 5 |||
unregister_target("echo"); ||| < open e echo {}"#,
        expect![[r#"
            2: stdout "1: {\"x\":1} \"echo\"\n"
            3: say #a {"echo":[2]}
            4: stdout "2: {} \"echo\"\n"
            5: say #a {"echo":3}
            6: say #b {"echo":4}
            7: close #c {}
            13: close #d "no"
            14: say #b {"echo":5}
            16: close #e {}"#]],
    );
}

#[test]
fn callbacks_do_what_cells_do() {
    check_comms(
        r#"use dagbok::comm::{Comm, json}; let comm = Comm::open("do", json!({})); let mut x = arange(4); fn level(n: u32) -> u32 { if n == 0 { panic!("deep") } else { level(n - 1) } }
comm.on_message(move |message| match message.data.as_str().unwrap_or_default() {
    "print" => { print!("no newline"); eprintln!("error"); }
    "display" => { let handle = display(&dagbok::display::MimeBundle::plain("shown")); handle.update(&dagbok::display::MimeBundle::plain("new")); dagbok::clear_output(true); }
    "compute" => { x = &x + 1; println!("{:?}", x.sum(()).compute().unwrap()); }
    "open" => { let inner = Comm::open("inner", json!(1)); inner.on_message(|message| println!("inner {}", message.data)); }
    "thread" => std::thread::spawn(|| println!("from a thread")).join().unwrap(),
    "panic" => { level(2); }
    other => unreachable!("{other}"),
}); comm.on_message(|message| if message.data.as_str() != Some("panic") { println!("second of {}", message.data) }); |||
< say #1 "print" ||| < say #1 "display" ||| < say #1 "compute" ||| < say #1 "compute" ||| < say #1 "open" ||| < say #2 7 |||
< say #1 "thread" ||| < say #1 "panic" ||| < say #1 "compute" ||| comm.on_message(|_| println!("third")); ||| < say #1 "print""#,
        expect![[r#"
            1: open do #1 {}
            2: stdout "no newline"
            stderr "error\n"
            stdout "second of \"print\"\n"
            3: display shown
            update new
            clear true
            stdout "second of \"display\"\n"
            4: stdout "10\nshape (), i64\nsecond of \"compute\"\n"
            5: stdout "14\nshape (), i64\nsecond of \"compute\"\n"
            6: open inner #2 1
            stdout "second of \"open\"\n"
            7: stdout "inner 7\n"
            8: stdout "from a thread\nsecond of \"thread\"\n"
            9: stderr "thread `comms` panicked at cell 1, line 1: deep\n"
            10: stdout "18\nshape (), i64\nsecond of \"compute\"\n"
            12: stdout "no newline"
            stderr "error\n"
            stdout "second of \"print\"\nthird\n""#]],
    );
}

#[test]
fn callbacks_outlive_their_cells_code() {
    check_comms(
        r#"use dagbok::comm::{Comm, json}; fn version() -> u32 { 1 } let comm = Comm::open("x", json!({})); comm.on_message(|_| println!("version {}", version())); |||
fn version() -> u32 { 2 } ||| let comm = 5; ||| < say #1 {}"#,
        expect![[r#"
            1: open x #1 {}
            4: stdout "version 1\n""#]],
    );
}

#[test]
fn data_is_what_json_is() {
    let mut notebook = Notebook::new();
    notebook.run(r#"use dagbok::comm::{Comm, json}; let comm = Comm::open("x", json!({})); let answers = comm.clone();
comm.on_message(move |message| { answers.send_with_buffers(&message.data, message.buffers.clone()).unwrap(); });"#);
    let mut check = |data: Value, buffers: &[&[u8]], expected: &str| {
        let said = notebook.hear("#1", CommEvent::Message, data, buffers);
        assert_eq!(said, expected);
    };
    check(json!(null), &[], "say #1 null");
    check(
        json!({"": "\u{1F600}\u{0}\"\\", "n": [-1, 1.5, 1e300, 9007199254740993i64]}),
        &[],
        r##"say #1 {"":"😀\u0000\"\\","n":[-1,1.5,1e+300,9007199254740993]}"##,
    );
    check(
        json!({}),
        &[b"", &[255; 3], &vec![7; 3_000_000]],
        "say #1 {} and 0 bytes [] and 3 bytes [255, 255, 255] and 3000000 bytes [7, 7, 7, 7]",
    );
    let long = "å".repeat(2_000_000);
    let expected = format!(r#"say #1 "{long}""#);
    check(json!(long), &[], &expected);
}

/// Waits until the cell has shown `text`.
fn wait_until(begun: &Begun, text: &str) {
    while !begun.screen.so_far().contains(text) {
        begun.screen.wait();
    }
}

#[test]
fn callbacks_run_while_a_cell_does() {
    let mut notebook = Notebook::new();
    notebook.run(
        r#"use dagbok::comm::{Comm, json}; use std::sync::atomic::{AtomicBool, Ordering::SeqCst}; static GO: AtomicBool = AtomicBool::new(false);
let comm = Comm::open("go", json!({})); comm.on_message(|_| { println!("in the callback"); GO.store(true, SeqCst); });"#,
    );
    let cell = notebook.session.begin(
        Shell::MAIN,
        r#"println!("waiting"); while !GO.load(SeqCst) { std::thread::yield_now() } println!("gone"); 5"#,
    );
    wait_until(&cell, "waiting");
    // The cell ends only if this runs.
    let shown = notebook.say("#1", json!({}));
    assert_eq!(shown, r#"stdout "in the callback\n""#);
    assert_eq!(cell.end(), "stdout \"waiting\\ngone\\n\"\n=5");
}

#[test]
fn an_interrupt_ends_a_callback() {
    let mut notebook = Notebook::new();
    notebook.run(
        r#"use dagbok::comm::{Comm, json}; let comm = Comm::open("x", json!({})); let kept = 1;
comm.on_message(|message| match message.data.as_str().unwrap() { "loop" => { println!("started"); loop {} }, "sleep" => { println!("started"); std::thread::sleep(std::time::Duration::from_secs(1000)) }, _ => println!("well") });
comm.on_message(|_| println!("next"));"#,
    );
    for what in ["loop", "sleep"] {
        notebook.session.interrupt_at("started");
        let shown = notebook.say("#1", json!(what));
        assert_eq!(
            shown, "stdout \"started\\n\"\nstderr \"the callback was interrupted\\n\"",
            "{what}"
        );
        assert_eq!(notebook.say("#1", json!("")), "stdout \"well\\nnext\\n\"");
        assert_eq!(notebook.run("for _ in 0..3 {} kept"), "=1");
    }
    // Both at once: the callback and the cell beside it.
    let cell = notebook
        .session
        .begin(Shell::MAIN, r#"println!("running"); loop {}"#);
    wait_until(&cell, "running");
    notebook.session.interrupt_at("started");
    let shown = notebook.say("#1", json!("loop"));
    assert!(shown.contains("the callback was interrupted"), "{shown}");
    assert!(cell.end().contains("Interrupted: the cell was interrupted"));
}

#[test]
fn comms_end_with_the_process() {
    let mut notebook = Notebook::new();
    notebook.run(r#"use dagbok::comm::{Comm, json, register_target}; let comm = Comm::open("first", json!({})); let gone = Comm::open("gone", json!({})); gone.close(json!({}));
register_target("echo", |_, _| {});"#);
    notebook.hear(
        "abc",
        CommEvent::Open {
            target: "echo".to_owned(),
        },
        json!({}),
        &[],
    );
    let crash = notebook.run("std::process::abort()");
    assert!(
        crash.contains("Crash: cell 2 ended the session process"),
        "{crash}"
    );
    let closed = notebook.session.later(1, "close");
    assert_eq!(notebook.short(&closed), "close #1 {}");
    // Targets are gone as well, until a cell registers them again.
    let open = CommEvent::Open {
        target: "echo".to_owned(),
    };
    assert_eq!(notebook.hear("def", open, json!({}), &[]), "close #def {}");
    assert_eq!(notebook.say("#1", json!({})), "");
    assert_eq!(notebook.run("1 + 1"), "=2");
}

/// A front end closes its control comm when it has the answer; what is closed from both sides is an error in JupyterLab.
#[test]
fn an_answered_control_comm_is_left_to_its_front_end() {
    let mut notebook = Notebook::new();
    let control = |id| {
        let target = "jupyter.widget.control".to_owned();
        let open = notebook.comm(id, CommEvent::Open { target }, json!({}), &[]);
        notebook.session.hear_and_watch(open)
    };
    let (answered, unanswered) = (control("answered"), control("unanswered"));
    notebook.say("answered", json!({"method": "request_states"}));
    notebook.run("std::process::abort()");
    assert_eq!(answered.so_far(), "");
    assert_eq!(unanswered.so_far(), "close #unanswered {}");
}

#[test]
fn outputs_are_cleared_in_order() {
    check_comms(
        r#"println!("before"); dagbok::clear_output(true); println!("after"); dagbok::clear_output(false); display(&dagbok::display::MimeBundle::plain("shown")); 1"#,
        expect![[r#"
            1: stdout "before\n"
            clear true
            stdout "after\n"
            clear false
            display shown
            =1"#]],
    );
}

#[test]
fn widgets_speak_the_protocol() {
    check_comms(
        r#"use dagbok::widgets::*; let n = IntSlider::new().min(0).max(10).value(3).description("n").build(); n |||
n.on_change(|n| println!("n = {n}")); n.set_value(99); n.value() |||
< say #1 {"method": "update", "state": {"value": 7, "nobody": 1}} ||| < say #1 {"method": "update", "state": {"value": 7}} |||
< say #1 {"method": "update", "state": {"value": 77}} ||| < say #1 {"method": "request_state"} ||| n.value() |||
let go = Button::new().description("Go").layout(Layout::new().width("50%")).style(Style::new().button_color("red")).build(); go.on_click(|| println!("clicked")); |||
< say #4 {"method": "custom", "content": {"event": "click"}} ||| < say #4 {"method": "custom", "content": {"event": "other"}} |||
let text = Text::new().build(); text.on_submit(|text| println!("entered {text:?}")); |||
< say #5 {"method": "update", "state": {"value": "å"}} ||| < say #5 {"method": "custom", "content": {"event": "submit"}} |||
let choice = Dropdown::new().options(["a", "b"]).build(); choice.on_change(|text| println!("chose {text}")); |||
< say #6 {"method": "update", "state": {"index": 1}} ||| choice.value() |||
let all = VBox::new([&n, &go]); all ||| all.close(); n.close(); n.set_value(1); |||
< open control jupyter.widget.control {} ||| < say control {"method": "request_states"}"#,
        expect![[r##"
            1: open jupyter.widget #1 {"state":{"_model_name":"IntSliderModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"IntSliderView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","step":1,"min":0,"max":10,"value":3,"description":"n"},"buffer_paths":[]} about {"version":"2.1.0"}
            ={"text/plain":"n: 3 (0 to 10)","text/html":"<div>n: <progress value=\"0.3\" max=\"1\" aria-label=\"n\">███░░░░░░░</progress> 3 (0 to 10)</div>","application/vnd.jupyter.widget-view+json":{"model_id":"#1","version_major":2,"version_minor":1}}
            2: say #1 {"method":"update","state":{"value":10},"buffer_paths":[]}
            =10
            3: say #1 {"method":"echo_update","state":{"value":7,"nobody":1},"buffer_paths":[]}
            stdout "n = 7\n"
            4: say #1 {"method":"echo_update","state":{"value":7},"buffer_paths":[]}
            5: say #1 {"method":"echo_update","state":{"value":77},"buffer_paths":[]}
            say #1 {"method":"update","state":{"value":10},"buffer_paths":[]}
            stdout "n = 10\n"
            6: say #1 {"method":"update","state":{"_model_name":"IntSliderModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"IntSliderView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","step":1,"min":0,"max":10,"value":10,"description":"n"},"buffer_paths":[]}
            7: =10
            8: open jupyter.widget #2 {"state":{"_model_name":"LayoutModel","_model_module":"@jupyter-widgets/base","_model_module_version":"2.0.0","_view_name":"LayoutView","_view_module":"@jupyter-widgets/base","_view_module_version":"2.0.0","width":"50%"},"buffer_paths":[]} about {"version":"2.1.0"}
            open jupyter.widget #3 {"state":{"_model_name":"ButtonStyleModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"StyleView","_view_module":"@jupyter-widgets/base","_view_module_version":"2.0.0","button_color":"red"},"buffer_paths":[]} about {"version":"2.1.0"}
            open jupyter.widget #4 {"state":{"_model_name":"ButtonModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"ButtonView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","description":"Go","layout":"IPY_MODEL_#2","style":"IPY_MODEL_#3"},"buffer_paths":[]} about {"version":"2.1.0"}
            9: stdout "clicked\n"
            11: open jupyter.widget #5 {"state":{"_model_name":"TextModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"TextView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","value":""},"buffer_paths":[]} about {"version":"2.1.0"}
            12: say #5 {"method":"echo_update","state":{"value":"å"},"buffer_paths":[]}
            13: stdout "entered \"å\"\n"
            14: open jupyter.widget #6 {"state":{"_model_name":"DropdownModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"DropdownView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","_options_labels":["a","b"],"index":0},"buffer_paths":[]} about {"version":"2.1.0"}
            15: say #6 {"method":"echo_update","state":{"index":1},"buffer_paths":[]}
            stdout "chose b\n"
            16: ="b"
            17: open jupyter.widget #7 {"state":{"_model_name":"VBoxModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"VBoxView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","children":["IPY_MODEL_#1","IPY_MODEL_#4"]},"buffer_paths":[]} about {"version":"2.1.0"}
            ={"text/plain":"n: 10 (0 to 10)\n[ Go ]","text/html":"<div><div>n: <progress value=\"1\" max=\"1\" aria-label=\"n\">██████████</progress> 10 (0 to 10)</div><button disabled>Go</button></div>","application/vnd.jupyter.widget-view+json":{"model_id":"#7","version_major":2,"version_minor":1}}
            18: close #7 {}
            close #1 {}
            20: say #control {"method":"update_states","states":{"#2":{"model_name":"LayoutModel","model_module":"@jupyter-widgets/base","model_module_version":"2.0.0","state":{"_model_name":"LayoutModel","_model_module":"@jupyter-widgets/base","_model_module_version":"2.0.0","_view_name":"LayoutView","_view_module":"@jupyter-widgets/base","_view_module_version":"2.0.0","width":"50%"}},"#3":{"model_name":"ButtonStyleModel","model_module":"@jupyter-widgets/controls","model_module_version":"2.0.0","state":{"_model_name":"ButtonStyleModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"StyleView","_view_module":"@jupyter-widgets/base","_view_module_version":"2.0.0","button_color":"red"}},"#4":{"model_name":"ButtonModel","model_module":"@jupyter-widgets/controls","model_module_version":"2.0.0","state":{"_model_name":"ButtonModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"ButtonView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","description":"Go","layout":"IPY_MODEL_#2","style":"IPY_MODEL_#3"}},"#5":{"model_name":"TextModel","model_module":"@jupyter-widgets/controls","model_module_version":"2.0.0","state":{"_model_name":"TextModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"TextView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","value":"å"}},"#6":{"model_name":"DropdownModel","model_module":"@jupyter-widgets/controls","model_module_version":"2.0.0","state":{"_model_name":"DropdownModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"DropdownView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","_options_labels":["a","b"],"index":1}}},"buffer_paths":[]}"##]],
    );
}

#[test]
fn widgets_are_seen_without_a_front_end_for_them() {
    check_comms(
        r#"use dagbok::widgets::*; let p = FloatProgress::new().max(1.0).value(0.3).description("<work>").build(); |||
[p.render().get("text/plain").unwrap().to_owned(), p.render().get("text/html").unwrap().to_owned()] |||
let all = VBox::new([&HBox::new([&Checkbox::new().value(true).description("yes").build(), &Button::new().description("Go").build()]), &Text::new().value("typed").description("name").build(),
    &Dropdown::new().options(["m", "km"]).value("km").build(), &Label::new().value("a & b").build(), &HTML::new().value("<b>bold</b>").build(), &FloatSlider::new().value(2.5).build()]); println!("{}", all.render().get("text/plain").unwrap()); |||
let out = Output::new(); out.print("one "); out.print("line\n"); out.append(&dagbok::display::MimeBundle::plain("picture").with("text/html", "<i>picture</i>")); println!("{}\n{}", out.render().get("text/plain").unwrap(), out.render().get("text/html").unwrap()); |||
out.clear(); out |||
IntSlider::new().min(10).max(1).build() ||| format!("{p:?}")"#,
        expect![[r##"
            1: open jupyter.widget #1 {"state":{"_model_name":"FloatProgressModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"ProgressView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","min":0.0,"max":1.0,"value":0.3,"description":"<work>"},"buffer_paths":[]} about {"version":"2.1.0"}
            2: =["<work>: ███░░░░░░░ 30 %", "<div>&lt;work&gt;: <progress value=\"0.3\" max=\"1\" aria-label=\"&lt;work&gt;\">███░░░░░░░</progress> 30 %</div>"]
            3: open jupyter.widget #2 {"state":{"_model_name":"CheckboxModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"CheckboxView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","indent":false,"value":true,"description":"yes"},"buffer_paths":[]} about {"version":"2.1.0"}
            open jupyter.widget #3 {"state":{"_model_name":"ButtonModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"ButtonView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","description":"Go"},"buffer_paths":[]} about {"version":"2.1.0"}
            open jupyter.widget #4 {"state":{"_model_name":"HBoxModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"HBoxView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","children":["IPY_MODEL_#2","IPY_MODEL_#3"]},"buffer_paths":[]} about {"version":"2.1.0"}
            open jupyter.widget #5 {"state":{"_model_name":"TextModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"TextView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","value":"typed","description":"name"},"buffer_paths":[]} about {"version":"2.1.0"}
            open jupyter.widget #6 {"state":{"_model_name":"DropdownModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"DropdownView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","_options_labels":["m","km"],"index":1},"buffer_paths":[]} about {"version":"2.1.0"}
            open jupyter.widget #7 {"state":{"_model_name":"LabelModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"LabelView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","value":"a & b"},"buffer_paths":[]} about {"version":"2.1.0"}
            open jupyter.widget #8 {"state":{"_model_name":"HTMLModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"HTMLView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","value":"<b>bold</b>"},"buffer_paths":[]} about {"version":"2.1.0"}
            open jupyter.widget #9 {"state":{"_model_name":"FloatSliderModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"FloatSliderView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","min":0.0,"max":100.0,"step":0.1,"value":2.5},"buffer_paths":[]} about {"version":"2.1.0"}
            open jupyter.widget #10 {"state":{"_model_name":"VBoxModel","_model_module":"@jupyter-widgets/controls","_model_module_version":"2.0.0","_view_name":"VBoxView","_view_module":"@jupyter-widgets/controls","_view_module_version":"2.0.0","children":["IPY_MODEL_#4","IPY_MODEL_#5","IPY_MODEL_#6","IPY_MODEL_#7","IPY_MODEL_#8","IPY_MODEL_#9"]},"buffer_paths":[]} about {"version":"2.1.0"}
            stdout "☑ yes  [ Go ]\nname: typed\nkm ▾\na & b\nbold\n2.5 (0.0 to 100.0)\n"
            4: open jupyter.widget #11 {"state":{"_model_name":"OutputModel","_model_module":"@jupyter-widgets/output","_model_module_version":"1.0.0","_view_name":"OutputView","_view_module":"@jupyter-widgets/output","_view_module_version":"1.0.0","msg_id":"","outputs":[]},"buffer_paths":[]} about {"version":"2.1.0"}
            say #11 {"method":"update","state":{"outputs":[{"output_type":"stream","name":"stdout","text":"one "}]},"buffer_paths":[]}
            say #11 {"method":"update","state":{"outputs":[{"output_type":"stream","name":"stdout","text":"one line\n"},{"output_type":"display_data","data":{"text/plain":"picture","text/html":"<i>picture</i>"},"metadata":{}}]},"buffer_paths":[]}
            stdout "one line\npicture\n<div><pre>one line\n</pre><i>picture</i></div>\n"
            5: say #11 {"method":"update","state":{"outputs":[]},"buffer_paths":[]}
            ={"text/plain":"","text/html":"<div></div>","application/vnd.jupyter.widget-view+json":{"model_id":"#11","version_major":2,"version_minor":1}}
            6: Panic: the `min` of this `IntSlider` is 10, above its `max`, 1
             --> cell 6, line 1
              | IntSlider::new().min(10).max(1).build()
            7: ="FloatProgress <work>: ███░░░░░░░ 30 %""##]],
    );
}

#[test]
fn many_updates_are_few_messages_and_the_last_one_arrives() {
    let mut notebook = Notebook::new();
    notebook.run(r#"use dagbok::widgets::*; let bar = IntProgress::new().max(1000).build();"#);
    let shown = notebook.run(
        "for i in 1..=1000 { bar.set_value(i); if i == 500 { bar.set_description(\"half\") } }",
    );
    let lines: Vec<&str> = shown.lines().collect();
    assert!((2..100).contains(&lines.len()), "{} messages", lines.len());
    let last = lines.last().unwrap();
    assert!(last.contains(r#""value":1000"#), "{last}");
    assert!(shown.contains(r#""description":"half""#), "{shown}");
    // From a thread that goes on, before the end of its cell or after it.
    let mut shown = notebook.run(
        "let of_thread = bar.clone(); std::thread::spawn(move || for i in 0..=321 { of_thread.set_value(i) });",
    );
    let last = r#""value":321"#;
    if !shown.contains(last) {
        shown = notebook.session.later(3, last);
    }
    assert!(shown.contains(last), "{shown}");
}

#[test]
fn a_button_cancels_a_computation() {
    let mut notebook = Notebook::new();
    let open = CommEvent::Open {
        target: "jupyter.widget.control".to_owned(),
    };
    notebook.hear("control", open, json!({}), &[]);
    notebook.run("let kept = 5;");
    let cell = notebook.session.begin(
        Shell::MAIN,
        r#"let never = (0..20_000).fold(delayed(0), |last, _| last.map(|n| { std::thread::sleep(std::time::Duration::from_millis(1)); n + 1 })); never.compute()?"#,
    );
    wait_until(&cell, "display");
    let shown = cell.screen.so_far();
    let button = shown
        .lines()
        .find(|line| line.contains("ButtonModel"))
        .unwrap();
    let id = button
        .split('#')
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    let click = json!({"method": "custom", "content": {"event": "click"}});
    notebook.say(&id, click);
    let shown = cell.end();
    let shown = notebook.short(&shown);
    let error = shown.lines().last().unwrap();
    assert_eq!(
        error,
        "Interrupted: the computation was cancelled; all variables are there"
    );
    let last = shown
        .lines()
        .rfind(|line| line.starts_with("update"))
        .unwrap();
    assert!(
        last.contains("cancelled") && !last.contains("widget-view"),
        "{last}"
    );
    assert_eq!(shown.matches("close #").count(), 3, "{shown}");
    assert_eq!(notebook.run("kept"), "=5");
}

#[test]
fn a_short_computation_has_no_widgets() {
    check_comms(
        "< open control jupyter.widget.control {} ||| arange(10).sum(()).compute()?",
        expect!["2: =45"],
    );
}
