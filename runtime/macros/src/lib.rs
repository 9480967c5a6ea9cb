//! The `#[delayed]` attribute of dagbok.

mod delayed;
mod types;

use proc_macro::TokenStream;

/// See `dagbok::delayed::delayed`, where it is documented.
#[proc_macro_attribute]
pub fn delayed(arguments: TokenStream, function: TokenStream) -> TokenStream {
    delayed::expand(arguments.into(), function.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
