//! What earlier cells define: items and `use` declarations, which cell's crate holds the newest of each name, and what
//! has to be compiled again when one of them changes.

use std::collections::BTreeSet;

use super::generate::{Import, Redefined, function_symbol, static_symbol};
use super::source::{CellIdx, CellRange};
use super::split::{
    Edited, ImplMacros, ItemKind, ItemNames, ItemPart, Split, UseLeaf, hides_type, is_impl_macro,
};

/// The newest definitions of a session.
#[derive(Debug, Default)]
pub(super) struct Items {
    items: Vec<Known>,
    leaves: Vec<KnownLeaf>,
}

/// An item that later cells can use.
#[derive(Clone, Debug)]
struct Known {
    part: ItemPart,
    /// Where it was typed.
    cell: CellIdx,
    /// The crate that holds it now.
    crate_name: String,
    /// The crate that first held it; a static's memory is there.
    home: String,
}

#[derive(Clone, Debug)]
struct KnownLeaf {
    leaf: UseLeaf,
    age: usize,
}

/// What a cell needs of earlier ones.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// What stands at the top of its crate.
    pub(super) imports: Vec<Import>,
    /// Crates of earlier cells that the imports name.
    pub(super) cells: BTreeSet<String>,
    /// Crates of earlier cells whose functions are declared.
    pub(super) linked: BTreeSet<String>,
    /// Items of earlier cells to define anew.
    pub(super) redefined: Vec<Redefined>,
    /// Every identifier in the code that will be compiled.
    pub(super) mentions: BTreeSet<String>,
    /// Items of earlier cells that this cell's crate holds from now on.
    pub(super) replaced: Vec<Replaced>,
    /// Whether `use` declarations were left out that the cell does not name.
    pub(super) left_out_uses: bool,
    /// The items defined anew.
    redefined_items: Vec<usize>,
}

/// An item that is compiled into another crate than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replaced {
    /// The crate that held it until now.
    pub(super) crate_name: String,
    pub(super) name: String,
    /// Whether it, and all that it depends on, is defined word for word as before.
    pub(super) identical: bool,
}

impl Known {
    fn names(&self) -> &[String] {
        names_of(&self.part)
    }

    fn kind(&self) -> Option<&ItemKind> {
        match &self.part.names {
            ItemNames::Defines { kind, .. } => Some(kind),
            ItemNames::Impl { .. } => None,
        }
    }

    /// The declaration of its function `name` for a cell that does nothing but call it.
    fn declared(&self, name: &str, split: &Split) -> Option<String> {
        let declaration = self.part.declaration.as_ref()?;
        let symbol = function_symbol(&self.crate_name, name);
        split.called.contains(name).then(|| {
            format!("unsafe extern \"Rust\" {{ #[link_name = {symbol:?}] safe {declaration} }}")
        })
    }

    /// The item as a part of a crate that it is compiled into again.
    fn redefined(&self, changed: &BTreeSet<String>) -> Redefined {
        match (self.kind(), self.names()) {
            (Some(ItemKind::Static { type_text, mutable }), [name]) if !changed.contains(name) => {
                let symbol = static_symbol(&self.home, name);
                let (safe, mutable) = if *mutable {
                    ("", "mut ")
                } else {
                    ("safe ", "")
                };
                Redefined::Static(format!(
                    "unsafe extern \"Rust\" {{ #[link_name = {symbol:?}] pub {safe}static {mutable}{name}: {type_text}; }}"
                ))
            }
            _ => {
                let function = self.part.function().map(str::to_owned);
                Redefined::Again(self.cell, self.part.source.clone(), function)
            }
        }
    }
}

impl Items {
    /// What the cell `split` needs; `with_engine` says whether `use` declarations of the engine's crates are wanted
    /// that the cell does not name.
    pub(super) fn needs(
        &self,
        split: &Split,
        declares: bool,
        roots: impl Fn(&str) -> bool,
    ) -> Needs {
        let defined = defined_names(split);
        let redefined_items = self.to_redefine(split, &defined);
        let mut needs = Needs {
            mentions: split.mentions.clone(),
            ..Needs::default()
        };
        let changed = self.changed(&defined);
        for idx in &redefined_items {
            let known = &self.items[*idx];
            needs.mentions.extend(known.part.mentions.iter().cloned());
            needs.redefined.push(known.redefined(&changed));
            if matches!(known.kind(), Some(ItemKind::Static { .. })) {
                needs.cells.insert(known.home.clone());
            }
        }
        for (idx, known) in self.items.iter().enumerate() {
            for name in known.names() {
                if defined.contains(name) || redefined_items.contains(&idx) {
                    needs.replaced.push(Replaced {
                        crate_name: known.crate_name.clone(),
                        name: name.clone(),
                        identical: !changed.contains(name),
                    });
                }
            }
        }
        needs.redefined_items = redefined_items;
        let declares = declares && needs.redefined.is_empty() && !self.hides_types(split, &defined);
        self.import(split, &defined, &mut needs, declares, roots);
        needs
    }

    /// The crates that hold the item `name` and its impls.
    pub(super) fn crates_of(&self, name: &str) -> BTreeSet<String> {
        let is_of = |known: &&Known| match &known.part.names {
            ItemNames::Defines { names, .. } => names.iter().any(|own| own == name),
            ItemNames::Impl { self_type, .. } => self_type.as_deref() == Some(name),
        };
        let of = self.items.iter().filter(is_of);
        of.map(|known| known.crate_name.clone()).collect()
    }

    /// The macros whose calls stand for impls of a trait of an earlier cell, or else of what the call names.
    pub(super) fn impl_macros(&self) -> ImplMacros {
        let is_trait = |name: &&String| {
            let mut traits = self
                .items
                .iter()
                .filter(|known| matches!(known.kind(), Some(ItemKind::Trait { .. })));
            traits.any(|known| known.names().contains(name))
        };
        let macros = self.items.iter().filter(|known| {
            known.kind() == Some(&ItemKind::Macro)
                && syn::parse_str(&known.part.source.text).is_ok_and(|item| is_impl_macro(&item))
        });
        let words = |known: &Known| {
            known
                .part
                .mentions
                .iter()
                .filter(is_trait)
                .cloned()
                .collect()
        };
        let named = macros.flat_map(|known| {
            known
                .names()
                .iter()
                .map(move |name| (name.clone(), words(known)))
        });
        ImplMacros(named.collect())
    }

    /// The names of all items.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.items.iter().flat_map(|known| known.names());
        names.map(String::as_str)
    }

    /// The sources of all items, as they were typed, the newest last.
    pub(super) fn sources(&self) -> impl Iterator<Item = &str> {
        self.items
            .iter()
            .map(|known| known.part.source.text.as_str())
    }

    /// The `use` declarations and items that live, each as one piece of code.
    pub(super) fn declarations(&self) -> Vec<String> {
        let leaves = self.leaves.iter().map(|known| &known.leaf.declaration);
        let items = self.items.iter().map(|known| &known.part.source.text);
        leaves.chain(items).cloned().collect()
    }

    /// Takes out of `split` what is there already, word for word, so that running a cell again costs no variable.
    pub(super) fn drop_unchanged(&self, split: &mut Split) {
        let is_known = |part: &ItemPart| {
            self.items.iter().any(|known| {
                known.part.names == part.names && known.part.source.text == part.source.text
            })
        };
        let mut changed: BTreeSet<String> = BTreeSet::new();
        loop {
            let n_before = changed.len();
            for part in &split.items {
                if !is_known(part) || !part.mentions.is_disjoint(&changed) {
                    changed.extend(names_of(part).iter().cloned());
                }
            }
            if changed.len() == n_before {
                break;
            }
        }
        split
            .items
            .retain(|part| !is_known(part) || !part.mentions.is_disjoint(&changed));
    }

    /// The names that mean something else once a cell has `defined` these.
    fn changed(&self, defined: &BTreeSet<String>) -> BTreeSet<String> {
        let mut changed: BTreeSet<String> = defined.clone();
        loop {
            let n_before = changed.len();
            for known in &self.items {
                if !known.part.depends_on.is_disjoint(&changed) {
                    changed.extend(known.names().iter().cloned());
                }
            }
            if changed.len() == n_before {
                return changed;
            }
        }
    }

    /// Items of earlier cells that this cell's definitions and impls force into its crate.
    fn to_redefine(&self, split: &Split, defined: &BTreeSet<String>) -> Vec<usize> {
        let mut dirty: BTreeSet<String> = defined
            .iter()
            .filter(|name| self.items.iter().any(|known| known.names().contains(name)))
            .cloned()
            .collect();
        for part in &split.items {
            if let ItemNames::Impl {
                head, self_type, ..
            } = &part.names
                && head.is_disjoint(defined)
            {
                dirty.extend(self.owner(head, self_type.as_ref()));
            }
        }
        let mut redefined: BTreeSet<usize> = BTreeSet::new();
        loop {
            let n_before = (redefined.len(), dirty.len());
            let methods = self.methods_of(&dirty);
            for (idx, known) in self.items.iter().enumerate() {
                let is_own = known.names().iter().any(|name| defined.contains(name));
                let is_dirty = known.names().iter().any(|name| dirty.contains(name))
                    || !known.part.mentions.is_disjoint(&dirty)
                    || !known.part.mentions.is_disjoint(&methods);
                if is_own || !is_dirty || is_replaced(known, split) {
                    continue;
                }
                redefined.insert(idx);
                dirty.extend(known.names().iter().cloned());
                if let ItemNames::Impl {
                    head, self_type, ..
                } = &known.part.names
                    && head.is_disjoint(&dirty)
                {
                    dirty.extend(self.owner(head, self_type.as_ref()));
                }
            }
            if n_before == (redefined.len(), dirty.len()) {
                return redefined.into_iter().collect();
            }
        }
    }

    /// What the traits of earlier cells among `names` declare: who calls it need not name the trait.
    fn methods_of(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let traits = self.items.iter().filter_map(|known| match known.kind()? {
            ItemKind::Trait { methods } if known.names().iter().any(|own| names.contains(own)) => {
                Some(methods)
            }
            _ => None,
        });
        traits.flatten().cloned().collect()
    }

    /// The type, or else the trait, of earlier cells that an impl with this head belongs to.
    fn owner(&self, head: &BTreeSet<String>, self_type: Option<&String>) -> Option<String> {
        let is_known = |name: &String| self.items.iter().any(|known| known.names().contains(name));
        self_type
            .filter(|name| is_known(name))
            .or_else(|| head.iter().find(|name| is_known(name)))
            .cloned()
    }

    /// Imports what the needed code names, except for what the cell has itself.
    fn import(
        &self,
        split: &Split,
        defined: &BTreeSet<String>,
        needs: &mut Needs,
        declares: bool,
        wanted_root: impl Fn(&str) -> bool,
    ) {
        let mut own: BTreeSet<String> = defined.clone();
        for idx in &needs.redefined_items {
            own.extend(self.items[*idx].names().iter().cloned());
        }
        let own_leaves = split.uses.iter().flat_map(|part| &part.leaves);
        own.extend(own_leaves.filter_map(|leaf| leaf.name.clone()));
        self.follow_macros(&own, &mut needs.mentions);
        for KnownLeaf { leaf, .. } in &self.leaves {
            let is_hidden = leaf.name.as_ref().is_some_and(|name| own.contains(name));
            let is_named = leaf
                .name
                .as_ref()
                .is_some_and(|name| needs.mentions.contains(name));
            if is_hidden {
                continue;
            }
            if !(is_named || wanted_root(&leaf.root) || needs.mentions.contains(&leaf.root)) {
                needs.left_out_uses = true;
                continue;
            }
            needs.mentions.insert(leaf.root.clone());
            needs.imports.push(Import::Use(leaf.declaration.clone()));
        }
        for known in &self.items {
            for name in known.names() {
                if own.contains(name) || !self.is_used(known, name, &needs.mentions) {
                    continue;
                }
                if declares && let Some(declaration) = known.declared(name, split) {
                    needs.imports.push(Import::Function(declaration));
                    needs.linked.insert(known.crate_name.clone());
                    continue;
                }
                let declaration = format!("use ::{}::{name};", known.crate_name);
                needs.imports.push(Import::Use(declaration));
                needs.cells.insert(known.crate_name.clone());
            }
        }
    }

    /// Whether something may have the name of a type that declarations are written with: an item, or what a `use` brings.
    fn hides_types(&self, split: &Split, defined: &BTreeSet<String>) -> bool {
        let known = self.leaves.iter().map(|known| &known.leaf);
        let own = split.uses.iter().flat_map(|part| &part.leaves);
        let mut leaves = known.chain(own);
        let items = self.items.iter().flat_map(|known| known.names());
        // Nobody knows what a glob brings.
        leaves.any(|leaf| leaf.name.as_deref().is_none_or(hides_type))
            || items.chain(defined).any(|name| hides_type(name))
    }

    /// A macro's own words become part of the cell that calls it.
    fn follow_macros(&self, own: &BTreeSet<String>, mentions: &mut BTreeSet<String>) {
        loop {
            let n_before = mentions.len();
            for known in &self.items {
                let is_called = known.kind() == Some(&ItemKind::Macro)
                    && known
                        .names()
                        .iter()
                        .any(|name| mentions.contains(name) && !own.contains(name));
                if is_called {
                    mentions.extend(known.part.mentions.iter().cloned());
                }
            }
            if mentions.len() == n_before {
                return;
            }
        }
    }

    fn is_used(&self, known: &Known, name: &String, mentions: &BTreeSet<String>) -> bool {
        let by_method = match known.kind() {
            Some(ItemKind::Trait { methods }) => {
                methods.iter().any(|method| mentions.contains(method))
            }
            _ => false,
        };
        mentions.contains(name) || by_method
    }

    /// Remembers what the cell `cell`, compiled as `crate_name`, defines, and what it defined anew.
    pub(super) fn learn(&mut self, split: &Split, needs: &Needs, cell: CellIdx, crate_name: &str) {
        let defined = defined_names(split);
        for idx in &needs.redefined_items {
            let known = &mut self.items[*idx];
            known.crate_name = crate_name.to_owned();
            let lives_on = needs
                .replaced
                .iter()
                .any(|replaced| replaced.identical && known.names().contains(&replaced.name));
            if !lives_on {
                known.home = crate_name.to_owned();
            }
        }
        self.items.retain(|known| {
            let is_defined = known.names().iter().any(|name| defined.contains(name));
            !is_defined && !is_replaced(known, split)
        });
        self.items.extend(split.items.iter().map(|part| Known {
            part: part.clone(),
            cell,
            crate_name: crate_name.to_owned(),
            home: crate_name.to_owned(),
        }));
        self.leaves.retain(|known| {
            known
                .leaf
                .name
                .as_ref()
                .is_none_or(|name| !defined.contains(name))
        });
        for leaf in split.uses.iter().flat_map(|part| &part.leaves) {
            self.learn_leaf(leaf, cell.0);
        }
    }

    fn learn_leaf(&mut self, leaf: &UseLeaf, age: usize) {
        self.leaves.retain(|known| {
            let same_name = known.leaf.name.is_some() && known.leaf.name == leaf.name;
            !same_name && known.leaf.declaration != leaf.declaration
        });
        if let Some(name) = &leaf.name {
            self.items.retain(|known| !known.names().contains(name));
        }
        self.leaves.push(KnownLeaf {
            leaf: leaf.clone(),
            age,
        });
        self.leaves.sort_by_key(|known| known.age);
    }

    /// Forgets those items of `needs` that were to be defined anew and in which `faults` lie; their names.
    pub(super) fn forget_redefined(&mut self, needs: &Needs, faults: &[CellRange]) -> Vec<String> {
        let faulty = |cell: CellIdx, piece: &Edited| {
            let whole = piece.start..piece.start + piece.text.len();
            faults
                .iter()
                .any(|fault| fault.cell == cell && whole.contains(&fault.range.start))
        };
        let mut forgotten = Vec::new();
        let mut idx = 0;
        self.items.retain(|known| {
            let is_faulty =
                needs.redefined_items.contains(&idx) && faulty(known.cell, &known.part.source);
            idx += 1;
            if is_faulty {
                match &known.part.names {
                    ItemNames::Defines { names, .. } => forgotten.extend(names.iter().cloned()),
                    ItemNames::Impl { .. } => forgotten.push(impl_title(&known.part.source.text)),
                }
            }
            !is_faulty
        });
        forgotten
    }
}

/// The names of a cell's items.
pub(super) fn defined_names(split: &Split) -> BTreeSet<String> {
    split.items.iter().flat_map(names_of).cloned().collect()
}

/// Whether the cell has an impl that takes the place of `known`.
fn is_replaced(known: &Known, split: &Split) -> bool {
    split
        .items
        .iter()
        .any(|part| known.part.names.is_replaced_by(&part.names))
}

fn names_of(part: &ItemPart) -> &[String] {
    match &part.names {
        ItemNames::Defines { names, .. } => names,
        ItemNames::Impl { .. } => &[],
    }
}

/// `impl Trait for Type`, as it was typed.
fn impl_title(text: &str) -> String {
    let head = text.split('{').next().unwrap_or(text);
    head[head.find("impl").unwrap_or(0)..].trim().to_owned()
}
