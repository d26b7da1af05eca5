//! The pages that the types of problems link to: each explains a problem and says how to solve it, in English or Swedish.

use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use strum::IntoEnumIterator;

use crate::error::{Error, Problem, Result};
use crate::http::language::Language;
use crate::http::limits;
use crate::http::problem::meaning;

pub fn pages(app: &mut ServiceConfig) {
    app.route("/problems/", web::get().to(index));
    app.route("/problems/{slug}", web::get().to(page));
}

async fn index(request: HttpRequest) -> Result<HttpResponse> {
    limits::take_anonymous(&request)?;
    let language = language(&request);
    let entries: String = Problem::iter()
        .map(|problem| {
            let meaning = meaning(problem);
            let (slug, status, title) = (problem.slug(), meaning.status.as_u16(), language.choose(meaning.title));
            format!("<li><a href=\"/problems/{slug}\">{title}</a> ({status})</li>\n")
        })
        .collect();
    let title = language.choose(("Problems that Nära answers with", "Problem som Nära svarar med"));
    Ok(html(language, title, &format!("<ul>\n{entries}</ul>")))
}

async fn page(request: HttpRequest, slug: web::Path<String>) -> Result<HttpResponse> {
    limits::take_anonymous(&request)?;
    let problem: Problem = slug.parse().map_err(|_| Error::not_found())?;
    let (language, meaning) = (language(&request), meaning(problem));
    let (title, explanation) = (language.choose(meaning.title), language.choose(meaning.explanation));
    let words = explanation
        .split('`')
        .enumerate()
        .map(|(part, words)| if part % 2 == 1 { format!("<code>{words}</code>") } else { words.to_owned() });
    let (status, all) = (meaning.status, language.choose(("All problems", "Alla problem")));
    let body = format!(
        "<p><code>{status}</code></p>\n<p>{}</p>\n<p><a href=\"/problems/\">{all}</a></p>",
        words.collect::<String>()
    );
    Ok(html(language, title, &body))
}

fn language(request: &HttpRequest) -> Language {
    Language::accepted(request.headers().get(header::ACCEPT_LANGUAGE))
}

fn html(language: Language, title: &str, body: &str) -> HttpResponse {
    let lang = language.tag();
    let page = format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}}</style></head>\n\
         <body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_LANGUAGE, lang))
        .insert_header((header::VARY, "Accept-Language"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ))
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(page)
}
