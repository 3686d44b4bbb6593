//! `hoopctl identify`: what a raw HTTP request asks AWS for.

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::console::Console;
use crate::aws;
use crate::aws::Call;
use crate::aws::RequestView;
use crate::aws::UNKNOWN;
use crate::aws::raw::Raw;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::policy::actions::Actions;
use crate::policy::actions::AwsActions;
use crate::term::safe;

/// Larger files are no requests that somebody wants explained.
const MOST_BYTES: u64 = 64 << 20;

/// Explain a raw HTTP request: operation, IAM actions, resources, parameters.
///
/// The file holds what a client sends: request line, headers, a blank line, the body. The signature is read for service
/// and region and not checked; without one they come from the host, or from --service and --region. Exits with 1 if the
/// operation is unknown: policies deny such a call unless they allow everything.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl identify request.txt
  hoopctl identify --json - < request.txt | jq .action
  printf 'GET /?list-type=2 HTTP/1.1\\nHost: reports.s3.amazonaws.com\\n\\n' | hoopctl identify -

A resource may hold * for what the request does not tell, such as an id that AWS
chooses. `hoopctl policy explain` says what policies make of an action.")]
pub struct Args {
    /// The request's file; `-` for standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The signing name (`s3`, `execute-api`) of a request without signature.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// The region of a request without signature.
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// The account in ARNs, 12 digits.
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub account: Option<String>,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
}

fn account(text: &str) -> std::result::Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("an account has 12 digits".to_owned()),
    }
}

/// Does it; gives the exit status: 1 when the operation is unknown.
pub fn run(args: &Args, console: &mut Console<'_>) -> Result<u8> {
    let name = args.file.display().to_string();
    let raw = Raw::read(&bytes(args)?).map_err(|fault| {
        Error::new(Kind::Config, format!("{name} cannot be read as a request"))
            .why(fault)
            .fix("write the request line, the headers, a blank line, and the body: hoopctl identify --help")
    })?;
    let host = raw.host().filter(|host| aws::is_aws_host(host));
    let (service, region) = scope(args, &raw, host)?;
    let call = aws::identify(&RequestView {
        parts: &raw.parts,
        host,
        service: &service,
        region: &region,
        body: &raw.body,
        account: args.account.as_deref().unwrap_or_default(),
    });
    let goes_to = aws::upstream_host(&call, host);
    match args.json {
        true => console.json(&as_json(&call, &goes_to))?,
        false => as_text(&call, &goes_to, console)?,
    }
    if call.operation == UNKNOWN {
        console.notice(&format!(
            "no operation of a service that signs as `{service}` has this verb, path, query and these headers, \
             or the body cannot be read in one way only"
        ));
    } else if call.needs_account {
        console.notice("the account in the ARNs is left out; give it: --account 123456789012");
    }
    Ok(u8::from(call.operation == UNKNOWN))
}

fn bytes(args: &Args) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = match args.file.as_os_str() == "-" {
        true => io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes),
        false => File::open(&args.file).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|cause| {
        Error::io(format!("cannot read {}", args.file.display()), &cause)
            .fix("name a file that holds a request, or - for standard input")
    })?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Error::new(Kind::Config, format!("{} is larger than 64 MiB", args.file.display())).fix(
            "leave the body of an upload out, with its Content-Length: the operation is found without it",
        ));
    }
    Ok(bytes)
}

/// Signing name and region: from the signature, else as given, else from the host.
fn scope(args: &Args, raw: &Raw, host: Option<&str>) -> Result<(String, String)> {
    let told = host.map(aws::host::told_by).unwrap_or_default();
    let signed = aws::sigv4::parse(&raw.parts).ok();
    let service = args.service.clone().or_else(|| signed.as_ref().map(|claims| claims.service.clone()));
    let region = args.region.clone().or_else(|| signed.map(|claims| claims.region));
    let Some(service) = service.or(told.0.map(str::to_owned)) else {
        return Err(Error::new(Kind::Usage, "the request does not tell its service")
            .why("it has no SigV4 signature, and its host is no single service's at AWS")
            .fix("give the signing name: --service s3"));
    };
    Ok((service, region.or(told.1).unwrap_or_else(|| "us-east-1".to_owned())))
}

fn as_json(call: &Call, goes_to: &str) -> Value {
    let more: Vec<Value> = call
        .more_actions
        .iter()
        .map(|(action, resources)| {
            json!({"action": action, "access": AwsActions.access(action).as_str(), "resources": resources})
        })
        .collect();
    json!({
        "service": call.service,
        "operation": call.operation,
        "protocol": call.protocol.as_str(),
        "signing_name": call.signing_name,
        "region": call.region,
        "action": call.action,
        "access": call.access.as_str(),
        "resources": call.resources,
        "partial": call.partial,
        "more_actions": more,
        "goes_to": goes_to,
        "params": call.params,
    })
}

fn as_text(call: &Call, goes_to: &str, console: &mut Console<'_>) -> Result<()> {
    let mut line = |name: &str, text: &str| console.line(&format!("{name:<12}{}", safe(text)));
    line("service", &call.service)?;
    line("operation", &call.operation)?;
    line("protocol", call.protocol.as_str())?;
    line("signed for", &format!("{} in {}", call.signing_name, call.region))?;
    line("goes to", goes_to)?;
    line("action", &format!("{} ({})", call.action, call.access))?;
    for resource in &call.resources {
        line("  on", if resource == "*" && !call.partial { "no resource" } else { resource })?;
    }
    for (action, resources) in &call.more_actions {
        line("and", &format!("{action} ({})", AwsActions.access(action)))?;
        for resource in resources {
            line("  on", resource)?;
        }
    }
    let params = match call.params.as_object() {
        Some(params) if !params.is_empty() => format!("{:#}", call.params),
        Some(_) => "none".to_owned(),
        None => "not read".to_owned(),
    };
    let mut lines = params.lines();
    line("parameters", lines.next().unwrap_or_default())?;
    lines.try_for_each(|text| line("", text))
}
