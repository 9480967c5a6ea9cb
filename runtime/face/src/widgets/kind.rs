//! What there is to know of each kind of widget: one value for each.

/// A model and its view in a front end.
#[derive(Debug)]
pub(crate) struct Kind {
    /// That of ipywidgets.
    pub(crate) name: &'static str,
    pub(crate) package: Package,
    pub(crate) view: View,
    /// The member that the person changes.
    pub(crate) value: Option<&'static str>,
    /// The model of its style.
    pub(crate) style: Option<&'static Kind>,
    /// How it looks where nothing is alive.
    pub(crate) still: Still,
}

/// An npm package, with the version that this speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Package {
    Base,
    Controls,
    Output,
}

/// The class that shows it.
#[derive(Debug)]
pub(crate) enum View {
    Of(&'static str),
    /// A style has none of its own.
    Style,
}

/// What it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Still {
    Slider,
    Progress,
    Button,
    Checkbox,
    Text,
    Dropdown,
    Label,
    Html,
    Output,
    Row,
    Column,
    Nothing,
}

impl Package {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Package::Base => "@jupyter-widgets/base",
            Package::Controls => "@jupyter-widgets/controls",
            Package::Output => "@jupyter-widgets/output",
        }
    }

    pub(crate) fn version(self) -> &'static str {
        match self {
            Package::Base | Package::Controls => "2.0.0",
            Package::Output => "1.0.0",
        }
    }
}

impl Kind {
    /// A control with a value.
    const fn control(name: &'static str, view: &'static str, style: &'static Kind) -> Self {
        Kind {
            name,
            package: Package::Controls,
            view: View::Of(view),
            value: Some("value"),
            style: Some(style),
            still: Still::Text,
        }
    }

    const fn style(name: &'static str) -> Self {
        Kind {
            view: View::Style,
            value: None,
            style: None,
            still: Still::Nothing,
            ..Kind::control(name, "", &LAYOUT)
        }
    }

    const fn without_value(self) -> Self {
        Kind {
            value: None,
            ..self
        }
    }

    const fn still(self, still: Still) -> Self {
        Kind { still, ..self }
    }
}

pub(crate) static LAYOUT: Kind = Kind {
    name: "Layout",
    package: Package::Base,
    view: View::Of("LayoutView"),
    value: None,
    style: None,
    still: Still::Nothing,
};

static BUTTON_STYLE: Kind = Kind::style("ButtonStyle");
static CHECKBOX_STYLE: Kind = Kind::style("CheckboxStyle");
static DESCRIPTION_STYLE: Kind = Kind::style("DescriptionStyle");
static HTML_STYLE: Kind = Kind::style("HTMLStyle");
static LABEL_STYLE: Kind = Kind::style("LabelStyle");
static PROGRESS_STYLE: Kind = Kind::style("ProgressStyle");
static SLIDER_STYLE: Kind = Kind::style("SliderStyle");
static TEXT_STYLE: Kind = Kind::style("TextStyle");

pub(crate) static BUTTON: Kind = Kind::control("Button", "ButtonView", &BUTTON_STYLE)
    .without_value()
    .still(Still::Button);
pub(crate) static CHECKBOX: Kind =
    Kind::control("Checkbox", "CheckboxView", &CHECKBOX_STYLE).still(Still::Checkbox);
pub(crate) static DROPDOWN: Kind = Kind {
    value: Some("index"),
    ..Kind::control("Dropdown", "DropdownView", &DESCRIPTION_STYLE).still(Still::Dropdown)
};
pub(crate) static FLOAT_PROGRESS: Kind =
    Kind::control("FloatProgress", "ProgressView", &PROGRESS_STYLE).still(Still::Progress);
pub(crate) static FLOAT_SLIDER: Kind =
    Kind::control("FloatSlider", "FloatSliderView", &SLIDER_STYLE).still(Still::Slider);
pub(crate) static HTML: Kind = Kind::control("HTML", "HTMLView", &HTML_STYLE).still(Still::Html);
pub(crate) static INT_PROGRESS: Kind =
    Kind::control("IntProgress", "ProgressView", &PROGRESS_STYLE).still(Still::Progress);
pub(crate) static INT_SLIDER: Kind =
    Kind::control("IntSlider", "IntSliderView", &SLIDER_STYLE).still(Still::Slider);
pub(crate) static LABEL: Kind =
    Kind::control("Label", "LabelView", &LABEL_STYLE).still(Still::Label);
pub(crate) static TEXT: Kind = Kind::control("Text", "TextView", &TEXT_STYLE);
pub(crate) static TEXTAREA: Kind = Kind::control("Textarea", "TextareaView", &TEXT_STYLE);

pub(crate) static HBOX: Kind = Kind {
    style: None,
    ..Kind::control("HBox", "HBoxView", &LAYOUT)
        .without_value()
        .still(Still::Row)
};
pub(crate) static VBOX: Kind = Kind {
    style: None,
    ..Kind::control("VBox", "VBoxView", &LAYOUT)
        .without_value()
        .still(Still::Column)
};
pub(crate) static OUTPUT: Kind = Kind {
    name: "Output",
    package: Package::Output,
    view: View::Of("OutputView"),
    value: None,
    style: None,
    still: Still::Output,
};
