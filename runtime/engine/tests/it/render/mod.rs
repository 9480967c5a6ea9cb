//! Pictures, cards and tables.

mod array;
mod cards;
mod graph;
mod table;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dagbok::display::MimeBundle;
use quick_xml::Reader;
use quick_xml::events::Event;

/// What a bundle with a picture must be, whatever it shows.
#[track_caller]
pub(crate) fn check_picture(bundle: &MimeBundle) {
    let svg = bundle.get("image/svg+xml").expect("SVG");
    let html = bundle.get("text/html").expect("HTML");
    assert!(!bundle.get("text/plain").expect("text").is_empty());
    assert!(
        html.len() + svg.len() < 350_000,
        "{} + {} bytes",
        html.len(),
        svg.len()
    );
    check_well_formed(svg);
    for wrong in ["NaN", "inf,", "inf ", "-inf", "id=\"@", "#@"] {
        assert!(!svg.contains(wrong), "{wrong} in {svg}");
    }
    assert_eq!(
        sanitised_image(html),
        svg,
        "the image in the HTML is the SVG"
    );
}

/// Every tag is closed, every attribute quoted, every character allowed.
#[track_caller]
pub(crate) fn check_well_formed(xml: &str) {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return,
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap_or_else(|error| panic!("{error} in {xml}"));
                    attribute.unescape_value().expect("an escaped value");
                }
            }
            Ok(_) => {}
            Err(error) => panic!("{error} in {xml}"),
        }
    }
}

/// The picture that is left where scripts, styles and inline SVG are taken out.
#[track_caller]
fn sanitised_image(html: &str) -> String {
    assert!(
        !html
            .split("<script>")
            .next()
            .expect("a start")
            .contains("<svg"),
        "inline SVG would be stripped"
    );
    let (_, image) = html
        .split_once("<img src=\"data:image/svg+xml;base64,")
        .expect("an image");
    let (image, _) = image.split_once('"').expect("its end");
    String::from_utf8(STANDARD.decode(image).expect("base 64")).expect("UTF-8")
}
