//! Tells where in a source file an expression stands whose operator, guard, arm or field a mutant changes: ranges of bytes, as JSON.

use std::ops::Range;

use serde_json::{Value, json};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

fn main() {
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut places = Places(Vec::new());
        places.visit_file(&file);
        println!("{}", json!({ "file": path, "places": places.0 }));
    }
}

struct Places(Vec<Value>);

fn range(part: &impl Spanned) -> Value {
    let Range { start, end } = part.span().byte_range();
    json!([start, end])
}

impl<'ast> Visit<'ast> for Places {
    fn visit_block(&mut self, block: &'ast syn::Block) {
        let start = block.brace_token.span.open().byte_range().end;
        let body = block.stmts.first().map(|first| first.span().byte_range().start);
        self.0.push(json!({ "kind": "block", "start": start, "body": body }));
        visit::visit_block(self, block);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let (left, op, right) = (range(&*binary.left), range(&binary.op), range(&*binary.right));
        // What is bound in a chain of `let` cannot be moved into a branch.
        let binds = contains_let(&binary.left) || contains_let(&binary.right);
        self.0.push(
            json!({ "kind": "binary", "whole": range(binary), "left": left, "op": op, "right": right, "binds": binds }),
        );
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        self.0.push(json!({ "kind": "unary", "whole": range(unary), "inner": range(&*unary.expr) }));
        visit::visit_expr_unary(self, unary);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let guard = arm.guard.as_ref().map(|(_, guard)| range(&**guard));
        let arrow = arm.fat_arrow_token.span().byte_range().start;
        self.0.push(json!({ "kind": "arm", "whole": range(arm), "guard": guard, "arrow": arrow }));
        visit::visit_arm(self, arm);
    }

    fn visit_expr_struct(&mut self, made: &'ast syn::ExprStruct) {
        let fields: Vec<Value> = made.fields.iter().map(range).collect();
        self.0.push(json!({ "kind": "struct", "whole": range(made), "fields": fields }));
        visit::visit_expr_struct(self, made);
    }
}

fn contains_let(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => contains_let(&binary.left) || contains_let(&binary.right),
        _ => false,
    }
}
