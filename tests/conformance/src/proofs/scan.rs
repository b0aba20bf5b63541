use std::collections::BTreeSet;

use syn::{
    Attribute, Expr, ExprLit, Item, ItemMacro, Lit, Meta, Token,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
};

use crate::{Id, citation};

/// A test and the requirements that it cites.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Test {
    /// With its crate and modules.
    pub(super) name: String,
    pub(super) ids: BTreeSet<Id>,
}

/// The tests in a file that is the module `module`.
pub(super) fn tests(text: &str, module: &[String]) -> syn::Result<Vec<Test>> {
    let mut scanner = Scanner {
        module: module.to_vec(),
        tests: Vec::new(),
    };
    scanner.items(&syn::parse_file(text)?.items)?;
    Ok(scanner.tests)
}

struct Scanner {
    module: Vec<String>,
    tests: Vec<Test>,
}

impl Scanner {
    fn items(&mut self, items: &[Item]) -> syn::Result<()> {
        for item in items {
            match item {
                Item::Fn(function) => self.function(&function.attrs, &function.sig.ident),
                Item::Mod(module) => {
                    if let Some((_, items)) = &module.content {
                        self.module.push(module.ident.unraw().to_string());
                        self.items(items)?;
                        self.module.pop();
                    }
                }
                Item::Macro(call) => self.call(call)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// `proptest!`, or a macro of the file's own around it. The definition of a macro holds no test.
    fn call(&mut self, call: &ItemMacro) -> syn::Result<()> {
        if call.mac.path.is_ident("macro_rules") {
            return Ok(());
        }
        let Functions(functions) = call.mac.parse_body()?;
        for (attributes, name) in functions {
            self.function(&attributes, &name);
        }
        Ok(())
    }

    fn function(&mut self, attributes: &[Attribute], name: &syn::Ident) {
        let has = |name: &str| attributes.iter().any(|attribute| is(attribute, name));
        if !has("test") || has("ignore") {
            return;
        }
        let name = name.unraw().to_string();
        let lines: Vec<String> = attributes.iter().filter_map(documentation).collect();
        let mut ids = citation::in_text(&lines.join("\n"));
        ids.extend(citation::in_name(&name));
        let name = format!("{}::{name}", self.module.join("::"));
        self.tests.push(Test { name, ids });
    }
}

/// Whether the last part of the attribute's path is `name`: `test`, `tokio::test`.
fn is(attribute: &Attribute, name: &str) -> bool {
    attribute
        .path()
        .segments
        .last()
        .is_some_and(|last| last.ident == name)
}

/// A `///` line.
fn documentation(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The functions in the body of a macro call. Their parameters, and whatever else stands there, need
/// not be Rust.
struct Functions(Vec<(Vec<Attribute>, syn::Ident)>);

impl Parse for Functions {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut functions = Vec::new();
        while !input.is_empty() {
            Attribute::parse_inner(input)?;
            let attributes = Attribute::parse_outer(input)?;
            if input.peek(Token![fn]) {
                input.parse::<Token![fn]>()?;
                functions.push((attributes, input.call(syn::Ident::parse_any)?));
            } else if !input.is_empty() {
                // Parameters and bodies, each one group.
                any_token(input)?;
            }
        }
        Ok(Self(functions))
    }
}

fn any_token(input: ParseStream<'_>) -> syn::Result<()> {
    input.step(|cursor| match cursor.token_tree() {
        Some((_, rest)) => Ok(((), rest)),
        None => Err(cursor.error("a token")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Vec<(String, Vec<String>)> {
        let tests = tests(text, &["a".to_owned(), "b".to_owned()]).unwrap();
        let ids = |test: &Test| test.ids.iter().map(ToString::to_string).collect();
        tests
            .iter()
            .map(|test| (test.name.clone(), ids(test)))
            .collect()
    }

    fn found(name: &str, ids: &[&str]) -> (String, Vec<String>) {
        (
            name.to_owned(),
            ids.iter().map(|id| (*id).to_owned()).collect(),
        )
    }

    #[test]
    fn documentation_attributes_and_modules() {
        let text = "
            /// R5-1: helper, not a test.
            fn helper() {}
            /// R5-2, R5-3:
            /// and (S4-1).
            #[test]
            fn plain() {}
            // UP-9: not seen.
            #[tokio::test(start_paused = true)]
            /// UP-1: behind the attribute.
            async fn timed() { let text = \"UP-2\"; }
            #[cfg(test)]
            mod tests {
                #[test]
                fn se_4_named() {}
            }
            mod elsewhere;
        ";
        assert_eq!(
            scan(text),
            [
                found("a::b::plain", &["R5-2", "R5-3", "S4-1"]),
                found("a::b::timed", &["UP-1"]),
                found("a::b::tests::se_4_named", &["SE-4"]),
            ]
        );
    }

    #[test]
    fn properties() {
        let text = "
            proptest! {
                #![proptest_config(Config::with_cases(8))]

                /// R5-58…R5-60: any chunking.
                #[test]
                fn chunks(input in vec(any::<u8>(), 0..9), at: u8) {
                    fn inner() {}
                    prop_assert!(true);
                }

                /// R5-9: no test.
                fn helper(x in 0..3u8) {}

                #[test]
                fn up_4_lengths(ref x in any::<u8>()) {}
            }
        ";
        assert_eq!(
            scan(text),
            [
                found("a::b::chunks", &["R5-58", "R5-59", "R5-60"]),
                found("a::b::up_4_lengths", &["UP-4"]),
            ]
        );
    }

    #[test]
    fn macros_of_ones_own() {
        let text = "
            macro_rules! round_trip { ($(#[$meta:meta])* fn $name:ident;) => {} }
            round_trip! {
                /// R5-3: greetings.
                #[test]
                fn greeting(strategy::greeting(), v5::Greeting);
            }
        ";
        assert_eq!(scan(text), [found("a::b::greeting", &["R5-3"])]);
    }

    #[test]
    fn ignored_tests_prove_nothing() {
        assert_eq!(
            scan("/// R5-1.\n#[test]\n#[ignore = \"slow\"]\nfn slow() {}"),
            []
        );
    }

    #[test]
    fn what_is_not_rust_is_an_error() {
        assert!(tests("fn {", &[]).is_err());
    }
}
