//! The `#[delayed]` attribute of dagbok.

mod delayed;
mod types;

use proc_macro::TokenStream;

/// Makes calls of a function lazy: they return a `Delayed` of what the function returns, and happen when that is computed.
///
/// Each argument may be plain, a `Delayed`, or collections that compute to it (`dagbok::delayed::IntoDelayed`). The function
/// itself stays as it is: parameters by value (which are cloned) or by shared reference (which are not); a
/// `Result`'s error becomes the computation's. Generic functions work; their type parameters have to be
/// `Send + Sync + 'static`.
///
/// ```ignore
/// #[delayed]
/// fn inc(x: i64) -> i64 {
///     x + 1
/// }
///
/// let y = inc(inc(1));
/// assert_eq!(y.compute()?, 3);
/// ```
#[proc_macro_attribute]
pub fn delayed(arguments: TokenStream, function: TokenStream) -> TokenStream {
    delayed::expand(arguments.into(), function.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
