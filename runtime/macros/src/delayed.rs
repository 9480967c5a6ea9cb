//! From a function to one of the same name that makes a delayed call of it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, FnArg, GenericParam, Generics, ItemFn, Pat, Result, Signature, Type,
    parse_quote,
};

use crate::types::{self, Passing, Returned};

pub(crate) fn expand(arguments: TokenStream, function: TokenStream) -> Result<TokenStream> {
    let purity = Purity::of(arguments)?;
    let function: ItemFn = syn::parse2(function)?;
    let signature = &function.sig;
    reject_qualifiers(signature)?;
    let parameters = signature.inputs.iter().enumerate();
    let parameters = parameters
        .map(|(idx, parameter)| Parameter::of(idx, parameter))
        .collect::<Result<Vec<_>>>()?;
    let returned = types::returned(&signature.output)?;

    let (outer_attributes, inner_attributes) = divide(&function.attrs);
    let visibility = &function.vis;
    let name = &signature.ident;
    let name_text = name.to_string();
    let name_text = name_text.trim_start_matches("r#");
    let definition = quote_spanned!(name.span()=> ::dagbok::Site::caller());
    let generics = outer_generics(&signature.generics, &parameters);
    let (parameter_list, _, where_clause) = generics.split_for_impl();
    let turbofish = turbofish(signature);
    let outer_parameters = parameters
        .iter()
        .map(|parameter| parameter.declaration(purity));
    let purely = purity.purely(&turbofish, &parameters);
    let arguments = parameters.iter().map(Parameter::into_argument);
    let made_call = made_call(signature, &parameters, &returned);
    let value = match &returned {
        Returned::Plain(value) | Returned::Result(value) => value,
    };
    let body = &function.block;
    Ok(quote! {
        #(#outer_attributes)*
        #[track_caller]
        #visibility fn #name #parameter_list (#(#outer_parameters),*) -> ::dagbok::delayed::Delayed<#value> #where_clause {
            #(#inner_attributes)*
            #signature #body

            fn __run #parameter_list (_arguments: &[::dagbok::Value]) -> ::dagbok::Result<::dagbok::Value> #where_clause {
                #made_call
            }

            const __DEFINITION: ::dagbok::Site = #definition;
            ::dagbok::delayed::Call::defined_at(#name_text, __DEFINITION)
                #purely
                #(.with(#arguments))*
                .of(__run #turbofish)
        }
    })
}

/// Whether equal calls are the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purity {
    Pure,
    Impure,
}

impl Purity {
    fn of(arguments: TokenStream) -> Result<Self> {
        if arguments.is_empty() {
            return Ok(Purity::Impure);
        }
        let message = "`#[delayed]` takes no argument but `pure`";
        match syn::parse2::<Ident>(arguments.clone()) {
            Ok(argument) if argument == "pure" => Ok(Purity::Pure),
            _ => Err(Error::new_spanned(arguments, message)),
        }
    }

    /// What makes a call a pure one.
    fn purely(self, turbofish: &TokenStream, parameters: &[Parameter]) -> TokenStream {
        if self == Purity::Impure {
            return TokenStream::new();
        }
        let names = parameters.iter().map(|parameter| &parameter.name);
        quote! {
            .pure(
                ::dagbok::delayed::Token::new(&__run #turbofish)
                    #(.and(&#names))*
            )
        }
    }
}

fn reject_qualifiers(signature: &Signature) -> Result<()> {
    let reject = |token: &dyn ToTokens, what: &str| {
        let message = format!("a delayed function cannot be {what}");
        Err(Error::new_spanned(token.to_token_stream(), message))
    };
    if let Some(token) = &signature.asyncness {
        return reject(token, "async");
    }
    if let Some(token) = &signature.unsafety {
        return reject(token, "unsafe");
    }
    if let Some(token) = &signature.constness {
        return reject(token, "const");
    }
    if let Some(token) = &signature.abi {
        return reject(token, "extern");
    }
    match &signature.variadic {
        Some(token) => reject(token, "variadic"),
        None => Ok(()),
    }
}

struct Parameter {
    name: Ident,
    value: Type,
    passing: Passing,
}

impl Parameter {
    fn of(idx: usize, parameter: &FnArg) -> Result<Self> {
        let FnArg::Typed(parameter) = parameter else {
            let message = "a delayed function cannot take `self`: make it a free function";
            return Err(Error::new_spanned(parameter, message));
        };
        let name = match &*parameter.pat {
            Pat::Ident(pattern) => pattern.ident.clone(),
            _ => format_ident!("argument{idx}"),
        };
        let (value, passing) = types::argument(&parameter.ty)?;
        Ok(Parameter {
            name,
            value,
            passing,
        })
    }

    fn declaration(&self, purity: Purity) -> TokenStream {
        let Parameter { name, value, .. } = self;
        let hashed = match purity {
            Purity::Pure => quote!(+ ::dagbok::delayed::PureArgument),
            Purity::Impure => TokenStream::new(),
        };
        quote!(#name: impl ::dagbok::delayed::IntoDelayed<#value> #hashed)
    }

    fn into_argument(&self) -> TokenStream {
        let Parameter { name, value, .. } = self;
        quote!(::dagbok::delayed::IntoDelayed::<#value>::into_argument(#name))
    }

    /// The parameter's value, as the function takes it.
    fn taken(&self, idx: usize) -> TokenStream {
        let value = &self.value;
        let span = value.span();
        match self.passing {
            Passing::Value => {
                quote_spanned!(span=> ::dagbok::delayed::by_value::<#value>(&_arguments[#idx]))
            }
            Passing::Reference => {
                quote_spanned!(span=> ::dagbok::delayed::by_reference::<#value>(&_arguments[#idx]))
            }
        }
    }
}

/// The expression that calls the function and gives a `Result<Value>`.
fn made_call(signature: &Signature, parameters: &[Parameter], returned: &Returned) -> TokenStream {
    let name = &signature.ident;
    let taken = parameters
        .iter()
        .enumerate()
        .map(|(idx, parameter)| parameter.taken(idx));
    let turbofish = turbofish(signature);
    let call = quote!(#name #turbofish (#(#taken),*));
    match returned {
        Returned::Plain(_) => quote!(::std::result::Result::Ok(::dagbok::Value::new(#call))),
        Returned::Result(_) => quote! {
            #call.map(::dagbok::Value::new).map_err(::dagbok::delayed::task_error)
        },
    }
}

/// The function's type and const parameters, passed on.
fn turbofish(signature: &Signature) -> TokenStream {
    let parameters = signature.generics.params.iter();
    let names = parameters.filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) => None,
    });
    quote!(::<#(#names),*>)
}

/// The function's type and const parameters, with what a value has to be that waits for its call.
fn outer_generics(generics: &Generics, parameters: &[Parameter]) -> Generics {
    let mut outer = generics.clone();
    outer.params = outer
        .params
        .into_iter()
        .filter(|parameter| !matches!(parameter, GenericParam::Lifetime(_)))
        .collect();
    let types: Vec<Ident> = outer
        .type_params()
        .map(|parameter| parameter.ident.clone())
        .collect();
    if types.is_empty() {
        return outer;
    }
    let clause = outer.make_where_clause();
    for name in types {
        clause
            .predicates
            .push(parse_quote!(#name: ::std::marker::Send + ::std::marker::Sync + 'static));
    }
    for parameter in parameters {
        if let Passing::Value = parameter.passing {
            let value = &parameter.value;
            clause
                .predicates
                .push(parse_quote!(#value: ::dagbok::delayed::ByValue));
        }
    }
    outer
}

/// The attributes of the function that is called, and of the one that runs.
fn divide(attributes: &[Attribute]) -> (Vec<&Attribute>, Vec<&Attribute>) {
    let is_outer = |attribute: &&Attribute| {
        let outer = ["doc", "cfg", "deprecated", "must_use"];
        outer.iter().any(|name| attribute.path().is_ident(name))
    };
    attributes.iter().partition(is_outer)
}
