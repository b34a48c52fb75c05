//! The public API of the npm package as a text: a line for each declaration of its types, and for each member.

/// Of what a `.d.ts` file says, comments aside.
pub fn text(types: &str) -> String {
    let code = one_line(&without_comments(types));
    let mut lines = String::new();
    for declaration in split(&code, is_block) {
        let Some((head, body)) = declaration.split_once('{').filter(|_| is_block(declaration)) else {
            lines += &format!("{declaration}\n");
            continue;
        };
        lines += &format!("{}\n", head.trim_end());
        let name = head.split(['<', ' ']).skip_while(|word| !matches!(*word, "interface" | "class")).nth(1);
        for member in split(body.trim_end_matches('}'), |_| false) {
            lines += &format!("{}.{member}\n", name.unwrap_or_default());
        }
    }
    lines
}

fn is_block(declaration: &str) -> bool {
    let mut words = declaration.split(' ').filter(|word| !matches!(*word, "export" | "declare"));
    matches!(words.next(), Some("interface" | "class"))
}

fn without_comments(types: &str) -> String {
    let mut parts = types.split("/**");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.filter_map(|part| part.split_once("*/")).fold(first, |code, (_, after)| code + after)
}

fn one_line(code: &str) -> String {
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At each semicolon outside of brackets, and behind the brace that closes what `ends_with_brace`.
fn split(code: &str, ends_with_brace: impl Fn(&str) -> bool) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_u32);
    for (at, character) in code.char_indices() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let part = code[start..at].trim();
        let is_over = match character {
            ';' => depth == 0,
            '}' => depth == 0 && ends_with_brace(part),
            _ => false,
        };
        if is_over {
            parts.push(part);
            start = at + 1;
        }
    }
    parts
}

#[test]
fn declarations_and_members_are_lines() {
    let types = "
        /** Loads; once. */
        export declare function init(source?: string): Promise<void>;
        export type Json = | string | { readonly [key: string]: Json };
        export interface Interaction<T> extends SpanSource {
          /** The id. */
          readonly eventId: string;
          finish(
            options?: FinishOptions | null,
          ): void;
        }
        export declare class Raindrop {
          constructor();
        }";
    let lines = "\
        export declare function init(source?: string): Promise<void>\n\
        export type Json = | string | { readonly [key: string]: Json }\n\
        export interface Interaction<T> extends SpanSource\n\
        Interaction.readonly eventId: string\n\
        Interaction.finish( options?: FinishOptions | null, ): void\n\
        export declare class Raindrop\n\
        Raindrop.constructor()\n";
    assert_eq!(text(types), lines);
}
