"""jupyter_kernel_test: the conformance suite of the Jupyter project."""

import jupyter_kernel_test
from conftest import NOT_YET


def when(feature, value):
    """An attribute whose absence leaves its test out."""
    return type(value)() if feature in NOT_YET else value


class TestKernel(jupyter_kernel_test.KernelTests):
    kernel_name = "dagbok"
    language_name = "rust"
    file_extension = ".rs"
    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("test");'
    code_generate_error = 'panic!("oops")'
    code_execute_result = [{"code": "6 * 7", "result": "42"}, {"code": '"a".repeat(3)', "result": '"aaa"'}]
    code_display_data = [
        {"code": 'display(&dagbok::display::MimeBundle::plain("x").with("image/svg+xml", "<svg/>"));', "mime": "image/svg+xml"}
    ]
    complete_code_samples = ["1", "let x = 1;", "fn f() {}", "", "// only a comment", ":vars"]
    incomplete_code_samples = ["fn f() {", "vec![1,", '"a', "let x =", "/* open"]
    invalid_code_samples = ["let = )"]
    completion_samples = when("completion", [{"text": "std::collections::HashM", "matches": ["HashMap"]}, {"text": "println"}])
    code_inspect_sample = when("inspection", "String::from")
    code_history_pattern = when("history", "6 ? 7")
    supported_history_operations = when("history", ("tail", "range", "search"))
    code_page_something = when("pager", "?Vec::push")
    code_clear_output = when("clear_output", "dagbok::clear_output(false);")


class TestWelcome(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "dagbok"
    support_iopub_welcome = True
