//! The program itself, as people and scripts use it: what it prints where, and its exit codes.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// Everything secret in these tests begins with this, so that one search finds any leak.
const SECRET: &str = "s3cret";

const OLD_ENV: &str = "MSSQL_SERVER=erp.example\nMSSQL_DATABASE=MikroDB_V15_01\nMSSQL_USER=sync\n\
                       MSSQL_PASSWORD=\"s3cret one\"\nPG_HOST=db.example\nPG_DATABASE=web\nPG_USER=shop\n\
                       PG_PASSWORD=s3cret@two\nPG_MAX_CONNECTIONS=10\nAPI_KEY=s3cret-three\nNODE_ENV=production\n";

fn denk(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_denk"));
    command.args(arguments).current_dir(folder).env_clear().envs(variables.iter().copied());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Exit code, standard output, standard error; in English.
fn english(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = denk(folder, arguments, &[("DENK_LANG", "en")]);
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// Exit code and the one object on standard output; standard error must be silent.
fn json(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let (code, out, err) = english(folder, &[arguments, &["--json"]].concat());
    assert_eq!(err, "");
    assert_eq!(out.lines().count(), 1, "{out}");
    (code, serde_json::from_str(&out).unwrap())
}

fn empty() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn wrong_use_ends_with_2_and_says_what_to_do() {
    let folder = empty();
    for (arguments, code) in [
        (vec!["prest"], "DENK-4001"),
        (vec!["run", "--drydrun", "x"], "DENK-4002"),
        (vec!["run"], "DENK-4003"),
        (vec!["config"], "DENK-4003"),
        (vec![], "DENK-4003"),
        (vec!["verify", "a", "--limit", "x"], "DENK-4004"),
        (vec!["--lang", "de", "check"], "DENK-4004"),
        (vec!["-q", "-v", "check"], "DENK-4005"),
    ] {
        let (exit, answer) = json(folder.path(), &arguments);
        assert_eq!((exit, answer["error"]["code"].as_str().unwrap()), (2, code), "{arguments:?}");
        let fields: Vec<&String> = answer["error"].as_object().unwrap().keys().collect();
        assert_eq!(fields, ["code", "what", "why", "hint"]);
        assert!(
            answer["error"].as_object().unwrap().values().all(|words| !words.as_str().unwrap().is_empty())
        );
    }
}

#[test]
fn failures_for_people_go_to_standard_error_in_their_language() {
    let folder = empty();
    let (exit, out, err) = english(folder.path(), &["chekc"]);
    assert_eq!((exit, out.as_str()), (2, ""));
    insta::assert_snapshot!(err, @r"
    error[DENK-4001]: denk does not understand the command line
      because: there is no command `chekc`
    hint: did you mean `check`?
    ");
    let turkish = denk(folder.path(), &["chekc"], &[]);
    insta::assert_snapshot!(text(&turkish.stderr), @r"
    hata[DENK-4001]: komut satırı anlaşılamadı
      neden: `chekc` diye bir komut yok
    ipucu: `check` mi demek istediniz?
    ");
}

#[test]
fn a_wrong_configuration_ends_with_2() {
    let folder = empty();
    fs::write(folder.path().join("denk.toml"), "[databses]\n").unwrap();
    let (exit, answer) = json(folder.path(), &["config", "show"]);
    assert_eq!((exit, &answer["error"]["code"]), (2, &"DENK-1004".into()));
    assert_eq!(json(folder.path(), &["-c", "other.toml", "check"]).1["error"]["code"], "DENK-1001");
}

#[test]
fn help_is_in_the_language_of_the_reader_and_goes_to_standard_output() {
    let folder = empty();
    let (exit, out, err) = english(folder.path(), &["copy", "--help"]);
    assert_eq!((exit, err.as_str()), (0, ""));
    insta::assert_snapshot!(out, @r"
    Makes tables of one database equal to those of another

    Usage: denk copy [OPTIONS] <SOURCE> <TARGET>

    Arguments:
      <SOURCE>  Where rows come from: sqlite:FILE, postgres://... or mssql://...
      <TARGET>  Where rows go: sqlite:FILE, postgres://... or mssql://...

    Options:
          --table <TABLE>       Only this table; can be given several times
          --without <TABLE>     Leaves this table out; can be given several times
          --key <COLUMN>        Columns that tell the rows apart, separated by commas: for a view, or a
                                table without a key
          --as <NAME>           Name of the one table in the target
          --keep-deleted        Rows that are missing in the source stay in the target
          --dry-run             Shows what would be done and writes nothing
          --type <COLUMN=TYPE>  Makes a column as this type where the target does not have it yet; can
                                be given several times

    General options:
          --lang <tr|en>         Language of texts: tr or en
          --json                 Answers with one JSON object
      -c, --config <FILE>        Configuration file [without it: denk.toml in the current folder]
          --data <DIR>           Data folder [without it: data]
      -v, --verbose...           Shows the log on the screen; -vv shows more
      -q, --quiet                Shows neither notes nor progress
          --log-level <LEVEL>    How much is logged: error, warn, info, debug or trace
          --log-format <FORMAT>  How log files are written: text or json
      -h, --help                 Shows this help
    ");
    let turkish = denk(folder.path(), &["--help"], &[("LANG", "tr_TR.UTF-8")]);
    insta::assert_snapshot!(text(&turkish.stdout), @r"
    Bir işletmenin veritabanlarını denk tutar

    Kullanım: denk [SEÇENEKLER] <KOMUT>

    Komutlar:
      copy       Bir veritabanının tablolarını diğerininkilere eşitler
      run        Akışları ya da akış gruplarını bir kez çalıştırır
      check      Tanımlı her veritabanını açar; neyin yolunda olduğunu, ne yapılacağını söyler
      verify     Bir akışın ya da grubun kaynağını ve hedefini satır satır karşılaştırır
      preset     denk ile gelen akış dosyaları
      config     Yapılandırma
      init       denk.toml dosyasını yazar
      serve      Merkezi (hub) durdurulana kadar çalıştırır
      agent      Bir büronun dosyasını merkezle eşit tutar: değişenler gider, başkalarının
                 değiştirdikleri gelir
      service    Ajanı ya da merkezi sistemin hizmeti yapar: bilgisayarla birlikte başlar
      site       Dosya gönderip alabilen şube bilgisayarları
      import     Herhangi bir eski biçimdeki şube dosyalarını merkeze aktarır
      compare    İki şube dosyası arasında farklı olan satırları söyler
      conflicts  İki kişinin değiştirdiği, birinin geçersiz kaldığı değerler
      held       Bir kerede çok şey silen, değiştiren ya da başka bölgeden getiren şube dosyaları
      user       Panoya girebilen kişiler
      backup     Merkez deposunun yedekleri: merkez çalışırken alınır, dururken geri yüklenir
      notify     Kişilere giden iletiler ([notify])
      demo       Her şeyi bu bilgisayarda uydurma verilerle gösterir

    Genel seçenekler:
          --lang <tr|en>        Metinlerin dili: tr ya da en
          --json                Tek bir JSON nesnesiyle yanıtlar
      -c, --config <DOSYA>      Yapılandırma dosyası [verilmezse: bulunulan klasördeki denk.toml]
          --data <KLASÖR>       Veri klasörü [verilmezse: data]
      -v, --verbose...          Günlüğü ekranda gösterir; -vv daha fazlasını gösterir
      -q, --quiet               Notları ve ilerlemeyi göstermez
          --log-level <DÜZEY>   Ne kadar günlük tutulacağı: error, warn, info, debug ya da trace
          --log-format <BİÇİM>  Günlük dosyalarının biçimi: text ya da json
      -h, --help                Bu yardımı gösterir
      -V, --version             Sürümü gösterir
    ");
}

#[test]
fn the_help_of_commands_for_people_s_decisions_says_what_to_type() {
    let folder = empty();
    let head = |arguments: &[&str]| {
        let (_, out, _) = english(folder.path(), &[arguments, &["--help"]].concat());
        out.split("\nGeneral options").next().unwrap().to_owned()
    };
    insta::assert_snapshot!(head(&["conflicts", "take"]), @r"
    Decides one: which of both values is to stand

    Usage: denk conflicts take [OPTIONS] <ID> <local|incoming>

    Arguments:
      <ID>              Its number, as `denk conflicts list` shows it
      <local|incoming>  local: the value that the hub had first; incoming: the one that came in later
    ");
    insta::assert_snapshot!(head(&["user", "add"]), @r"
    Adds a person and shows a one-time password

    Usage: denk user add [OPTIONS] --role <ROLE> <NAME>

    Arguments:
      <NAME>  Name to log in with

    Options:
          --role <ROLE>      admin, manager, viewer or office
          --region <REGION>  The region that the person sees [without it: all; an office's account must
                             have one]
    ");
    insta::assert_snapshot!(head(&["import"]), @r"
    Brings old office files of any historical shape into the hub

    Usage: denk import [OPTIONS] <FILE>...

    Arguments:
      <FILE>...  Office files (puantaj.db and older ones)

    Options:
          --region <REGION>  Whose files these are: rows that say no region get it; * takes all rows as
                             they are [without it: as *, if every row says its region]
          --dry-run          Shows what would be done and writes nothing
    ");
}

#[test]
fn no_help_text_is_missing_in_any_language() {
    let folder = empty();
    let commands = [
        "",
        "copy",
        "run",
        "check",
        "verify",
        "preset",
        "preset list",
        "preset show",
        "preset copy",
        "config",
        "config show",
        "init",
        "serve",
        "agent",
        "backup",
        "backup create",
        "backup list",
        "backup restore",
        "service",
        "service install",
        "service remove",
        "site",
        "site add",
        "site list",
        "site revoke",
        "site rename",
        "import",
        "compare",
        "conflicts",
        "conflicts list",
        "conflicts show",
        "conflicts take",
        "held",
        "held list",
        "held approve",
        "held reject",
        "user",
        "user add",
        "user list",
        "user passwd",
        "user disable",
        "user enable",
        "user logout",
        "user import",
        "demo",
    ];
    for (language, foreign) in [("en", ["Kullanım", "Seçenekler"]), ("tr", ["Usage", "Options"])] {
        for command in commands {
            let arguments: Vec<&str> =
                command.split_whitespace().chain(["--help", "--lang", language]).collect();
            let help = text(&denk(folder.path(), &arguments, &[]).stdout);
            let missing = ["option-", "command-", "help-"].iter().find(|start| help.contains(**start));
            assert!(help.len() > 200 && missing.is_none(), "{command}: {help}");
            assert!(
                !foreign.iter().any(|word| help.contains(word))
                    && !help.contains("[OPTIONS]") | (language == "en"),
                "{help}"
            );
        }
    }
}

#[test]
fn a_new_configuration_can_be_read_and_is_not_overwritten() {
    let folder = empty();
    for language in ["tr", "en"] {
        let arguments = ["init", "--force", "--lang", language];
        assert!(denk(folder.path(), &arguments, &[]).status.success());
        let (exit, shown) = json(folder.path(), &["config", "show", "--origin"]);
        assert_eq!((exit, shown["settings"].as_array().unwrap().len()), (0, 13), "{shown}");
    }
    let before = fs::read(folder.path().join("denk.toml")).unwrap();
    let (exit, answer) = json(folder.path(), &["init"]);
    assert_eq!((exit, &answer["error"]["code"]), (2, &"DENK-1010".into()));
    assert_eq!(fs::read(folder.path().join("denk.toml")).unwrap(), before);
}

#[test]
fn an_old_environment_is_taken_over_without_its_passwords() {
    let folder = empty();
    fs::write(folder.path().join("old.env"), OLD_ENV).unwrap();
    let (exit, report) = json(folder.path(), &["init", "--from-env", "old.env"]);
    assert_eq!(exit, 0);
    let ignored: Vec<&str> =
        report["ignored"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    assert_eq!(ignored, ["PG_MAX_CONNECTIONS", "NODE_ENV"]);
    assert_eq!(
        (report["taken"].as_array().unwrap().len(), report["notes"].as_array().unwrap().len()),
        (9, 1)
    );
    let written = fs::read_to_string(folder.path().join("denk.toml")).unwrap();
    assert!(!written.contains(SECRET) && !report.to_string().contains(SECRET), "{written}");
    let settings: Vec<&str> = written.lines().filter(|line| !line.starts_with('#')).collect();
    insta::assert_snapshot!(settings.join("\n"), @r#"
    language = "en"
    zone     = "Europe/Istanbul"

    [databases]
    erp = { url = "mssql://sync@erp.example:1433/MikroDB_V15_01?encrypt=false", password = { env = "MSSQL_PASSWORD" } }
    web = { url = "postgres://shop@db.example:5432/web?sslmode=disable", password = { env = "PG_PASSWORD" } }
    entegra = "sqlite:C:/Ana Entegra/db.s3db"

    [flows]
    preset = "mikro"

    [hub]
    api_key = { env = "API_KEY" }
    "#);
}

#[test]
fn no_secret_is_ever_shown() {
    let folder = empty();
    let toml = "[databases]\nweb = 'postgres://shop:s3cret-a@db.example/web?sslmode=require'\n\
                erp = { url = 'mssql://sa@erp.example/M', password = { file = 'pw' } }\nother = { env = 'OTHER_URL' }\n\
                [hub]\napi_key = 's3cret-b'\n[notify]\nwebhook = 'https://hooks.example/s3cret-c'\n";
    fs::write(folder.path().join("denk.toml"), toml).unwrap();
    fs::write(folder.path().join("pw"), "s3cret-d\n").unwrap();
    fs::write(folder.path().join(".env"), format!("{OLD_ENV}OTHER_URL=postgres://u:s3cret-e@h/d\n")).unwrap();
    let variables =
        [("DENK__FEED__UPLOAD__PASSWORD", "s3cret-f"), ("MSSQL_PASSWORD", "s3cret-g"), ("DENK_LANG", "en")];
    for arguments in [&["config", "show", "--origin"][..], &["config", "show", "--json"], &["-vv", "check"]] {
        let output = denk(folder.path(), arguments, &variables);
        let all = text(&output.stdout) + &text(&output.stderr);
        assert!(!all.contains(SECRET), "{all}");
    }
    let output = denk(folder.path(), &["config", "show", "--origin"], &variables);
    insta::assert_snapshot!(text(&output.stdout), @r"
    setting                 value                                               from
    ----------------------  --------------------------------------------------  -------------------------------------------------
    databases.erp           mssql://sa@erp.example/M                            denk.toml:3
    databases.erp.password  ***                                                 denk.toml:3 -> file pw
    databases.other         ***                                                 denk.toml:4 -> OTHER_URL in .env:12
    databases.web           postgres://shop:***@db.example/web?sslmode=require  denk.toml:2
    feed.upload.password    ***                                                 environment variable DENK__FEED__UPLOAD__PASSWORD
    hub.api_key             ***                                                 denk.toml:6
    hub.backup.every        6h                                                  default
    hub.backup.folder       backups                                             default
    hub.backup.keep         28                                                  default
    hub.listen              127.0.0.1:8787                                      default
    hub.preset              rainstaff                                           default
    hub.session_idle        12h                                                 default
    hub.session_max         7d                                                  default
    hub.upload_mb_max       64                                                  default
    language                en                                                  environment variable DENK_LANG
    log.folder              logs                                                default
    log.format              text                                                default
    log.level               info                                                default
    notify.webhook          ***                                                 denk.toml:8
    zone                    Europe/Istanbul                                     default
    ");
}

#[test]
fn origins_tell_which_layer_won() {
    let folder = empty();
    fs::write(folder.path().join("denk.toml"), "zone = 'UTC'\n").unwrap();
    fs::write(folder.path().join(".env"), "LOG_LEVEL=error\nPORT=3001\n").unwrap();
    let variables = [("DENK__LOG__FORMAT", "json"), ("DENK_LANG", "en")];
    let output = denk(folder.path(), &["config", "show", "--json", "--log-level", "debug"], &variables);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let line =
        |s: &Value| format!("{} {} {} {}", s["name"], s["value"], s["origin"], s["place"]).replace('"', "");
    let lines: Vec<String> = shown["settings"].as_array().unwrap().iter().map(line).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    hub.backup.every 6h default default
    hub.backup.folder backups default default
    hub.backup.keep 28 default default
    hub.listen 0.0.0.0:3001 file .env:2
    hub.preset rainstaff default default
    hub.session_idle 12h default default
    hub.session_max 7d default default
    hub.upload_mb_max 64 default default
    language en env environment variable DENK_LANG
    log.folder logs default default
    log.format json env environment variable DENK__LOG__FORMAT
    log.level debug flag flag --log-level
    zone UTC file denk.toml:1
    ");
}

#[test]
fn a_broken_configuration_nobody_asked_for_does_not_stop_a_command_without_one() {
    let folder = empty();
    fs::write(folder.path().join("denk.toml"), "[databses]\n").unwrap();
    let (exit, answer) = json(folder.path(), &["init", "-c", "new.toml"]);
    assert_eq!(exit, 0, "{answer}");
    assert!(folder.path().join("new.toml").exists());
}
