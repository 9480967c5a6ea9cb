//! Small pictures made of squares of colour, as PNG: far smaller than one SVG element a square.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// Red, green, blue, opacity.
pub(super) type Rgba = [u8; 4];

/// Pixels that refer to a palette of at most 256 colours, row by row.
pub(super) struct Raster {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) palette: Vec<Rgba>,
    pub(super) pixels: Vec<u8>,
}

impl Raster {
    /// The picture as PNG in base 64.
    pub(super) fn png(&self) -> String {
        let mut header = Vec::with_capacity(13);
        header.extend((self.width as u32).to_be_bytes());
        header.extend((self.height as u32).to_be_bytes());
        // 8 bits a pixel, a palette, the one compression and filter method there is, no interlacing.
        header.extend([8, 3, 0, 0, 0]);
        let colours: Vec<u8> = self
            .palette
            .iter()
            .flat_map(|&[red, green, blue, _]| [red, green, blue])
            .collect();
        let opacities: Vec<u8> = self.palette.iter().map(|rgba| rgba[3]).collect();
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        chunk(&mut png, b"IHDR", &header);
        chunk(&mut png, b"PLTE", &colours);
        chunk(&mut png, b"tRNS", &opacities);
        chunk(&mut png, b"IDAT", &self.compressed());
        chunk(&mut png, b"IEND", &[]);
        STANDARD.encode(png)
    }

    fn compressed(&self) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        for row in self.pixels.chunks(self.width.max(1)) {
            // Each row begins with its filter: none.
            let written = encoder
                .write_all(&[0])
                .and_then(|()| encoder.write_all(row));
            debug_assert!(written.is_ok(), "writing to memory does not fail");
        }
        encoder.finish().unwrap_or_default()
    }
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend((data.len() as u32).to_be_bytes());
    let mut checksum = Crc::new();
    checksum.update(kind);
    checksum.update(data);
    png.extend(kind);
    png.extend(data);
    png.extend(checksum.sum().to_be_bytes());
}
