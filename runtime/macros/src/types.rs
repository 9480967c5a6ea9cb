//! What a signature says about the values that go in and out of a call.

use syn::visit::{self, Visit};
use syn::{
    Error, GenericArgument, Lifetime, PathArguments, Result, ReturnType, Type, TypeImplTrait,
    TypePath,
};

/// How a parameter takes its value.
pub(crate) enum Passing {
    Value,
    Reference,
}

/// The type of the value that an argument computes to, for a parameter of type `declared`: `String` for `&str`,
/// `Vec<T>` for `&[T]`, `T` for `&T`.
pub(crate) fn argument(declared: &Type) -> Result<(Type, Passing)> {
    reject_impl_trait(declared)?;
    let Type::Reference(reference) = declared else {
        reject_lifetimes(
            declared,
            "a parameter of a delayed function cannot hold a reference: take it by value or by `&`",
        )?;
        return Ok((declared.clone(), Passing::Value));
    };
    if reference.mutability.is_some() {
        let message = "a delayed function cannot take `&mut`: other calls may need the same value; take it by value and return it";
        return Err(Error::new_spanned(declared, message));
    }
    if reference
        .lifetime
        .as_ref()
        .is_some_and(|lifetime| lifetime.ident == "static")
    {
        return Ok((declared.clone(), Passing::Value));
    }
    let target = &*reference.elem;
    reject_lifetimes(
        target,
        "a parameter of a delayed function cannot hold a reference to a reference",
    )?;
    let owned = match target {
        Type::Slice(slice) => {
            let element = &slice.elem;
            syn::parse_quote!(::std::vec::Vec<#element>)
        }
        Type::Path(path) if path.path.is_ident("str") => {
            syn::parse_quote!(::std::string::String)
        }
        _ => target.clone(),
    };
    Ok((owned, Passing::Reference))
}

/// What a call returns.
pub(crate) enum Returned {
    Plain(Type),
    /// A `Result` with this type of value.
    Result(Type),
}

/// What a function with the return type `declared` gives.
pub(crate) fn returned(declared: &ReturnType) -> Result<Returned> {
    let ReturnType::Type(_, declared) = declared else {
        return Ok(Returned::Plain(syn::parse_quote!(())));
    };
    reject_impl_trait(declared)?;
    if matches!(&**declared, Type::Never(_)) {
        return Err(Error::new_spanned(
            declared,
            "a delayed function has to return",
        ));
    }
    let message = "a delayed function cannot return a reference: its arguments are gone when the value is used";
    reject_lifetimes(declared, message)?;
    Ok(match result_value(declared) {
        Some(value) => Returned::Result(value),
        None => Returned::Plain((**declared).clone()),
    })
}

/// The `T` of `Result<T, E>`, `io::Result<T>` and the like.
fn result_value(declared: &Type) -> Option<Type> {
    let Type::Path(TypePath { path, .. }) = declared else {
        return None;
    };
    let last = path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    let GenericArgument::Type(value) = arguments.args.first()? else {
        return None;
    };
    (last.ident == "Result").then(|| value.clone())
}

fn reject_impl_trait(declared: &Type) -> Result<()> {
    struct Found<'a>(Option<&'a TypeImplTrait>);
    impl<'ast> Visit<'ast> for Found<'ast> {
        fn visit_type_impl_trait(&mut self, node: &'ast TypeImplTrait) {
            self.0 = Some(node);
        }
    }
    let mut found = Found(None);
    found.visit_type(declared);
    match found.0 {
        Some(found) => Err(Error::new_spanned(
            found,
            "a delayed function cannot have `impl Trait` in its signature: name a type or a type parameter",
        )),
        None => Ok(()),
    }
}

/// Rejects references and lifetimes other than `'static`.
fn reject_lifetimes(declared: &Type, message: &str) -> Result<()> {
    struct Borrows(bool);
    impl<'ast> Visit<'ast> for Borrows {
        fn visit_lifetime(&mut self, node: &'ast Lifetime) {
            self.0 |= node.ident != "static";
        }
        fn visit_type_reference(&mut self, node: &'ast syn::TypeReference) {
            self.0 |= node.lifetime.is_none();
            visit::visit_type_reference(self, node);
        }
        fn visit_type_bare_fn(&mut self, _: &'ast syn::TypeBareFn) {}
    }
    let mut borrows = Borrows(false);
    borrows.visit_type(declared);
    match borrows.0 {
        true => Err(Error::new_spanned(declared, message)),
        false => Ok(()),
    }
}
