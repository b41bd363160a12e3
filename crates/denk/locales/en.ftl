# What denk says in English. The same keys and variables stand in tr.ftl; a test compares them.
# Numbers given as numbers are grouped by the program.

verbatim = { $words }
list-two = { $first }, { $rest }

## Failures

failure-error = error
failure-why = because
failure-hint = hint
defect-what = denk made a mistake of its own
defect-hint = please report this with the command you typed; nothing was left half done

## Places

origin-default = default
origin-file = { $file }:{ $line }
origin-env = environment variable { $name }
origin-flag = flag { $flag }

## Configuration

config-what = the configuration cannot be used
config-missing-why = there is no file { $file }
config-missing-hint = check the path after -c, or write a new file with `denk init`
config-read-why = { $file } cannot be read: { $reason }
config-read-hint = check that the file exists and that you may read it
config-not-utf8 = { $file } is not UTF-8 text
config-utf8-hint = save the file as UTF-8 in your editor
config-not-toml = { $place }: { $reason }
config-toml-duplicate = this setting or section stands there twice
config-toml-assignment = `name = value` is expected here
config-toml-unclosed = a quote or a bracket is not closed
config-toml-value = the value cannot be read; texts stand in quotes
config-toml-more = the value ends before this; each setting stands on a line of its own
config-toml-other = this cannot be read as TOML
config-toml-hint = correct the line; texts stand in quotes, and `denk init` writes an example
config-unknown-key = { $place }: there is no setting `{ $name }`
config-nearest-hint = did you mean `{ $name }`?
config-known-hint = known here: { $names }
config-wrong-value = { $place }: the value of `{ $name }` cannot be used
config-half-certificate = { $place }: `hub.{ $given }` is given without `hub.{ $lacks }`
config-half-certificate-hint = give both files, or neither: then the hub makes a certificate of its own
config-flows-both = { $place }: `flows.preset` and `flows.folder` are both given
config-flows-both-hint = keep one of them: a preset that comes with denk, or a folder with your own flow files
config-flows-what = no flows are configured
config-flows-missing = { $file } has no [flows]
config-flows-no-file = there is no denk.toml in { $folder }
config-flows-hint = add `preset = "mikro"` under [flows], or start with `denk init`

value-section = write it as a section: a line with the name in square brackets, its settings below
value-number = write a number that fits into 64 bits
value-text = write a text in quotes
value-language = write "tr" or "en"
value-zone = write the name of a time zone, such as "Europe/Istanbul"
value-log-level = write "error", "warn", "info", "debug", "trace" or "off"
value-log-format = write "text" or "json"
config-logo-why = `hub.logo`: { $file } cannot be used: { $reason }
value-logo = name a PNG picture of at most 4 MB, and at most 4,096 points in width and height
value-public-url = write what offices reach the hub by, such as "https://hub.example.com" or "https://10.0.0.5:8787"
value-listen = write an address and a port, such as "0.0.0.0:8787"
value-proxies = write addresses or networks with commas between them, such as "10.0.0.0/8, 192.168.1.5"; "private" and "cloudflare" stand for those networks
value-upload-mb = write a whole number of megabytes from 1 to 1024
value-every = write a number and a unit: "90s", "30m", "6h" or "1d"; or "never"
value-duration = write a number and a unit: "90s", "30m", "6h" or "1d"
value-keep = write a whole number from 1 to 10,000
value-copy-to = write a folder, or a folder on a server as "sftp://user@host/folder" (port after the host; "/~/folder" lies in the user's home); the password has a setting of its own, copy_password
value-host-key = write the fingerprint of the server's key as `ssh-keygen -l` shows it: "SHA256:" and 43 characters
value-bool = write true or false
value-batch-rows = write a whole number from 1 to 1,000,000
value-retries = write a whole number from 1 to 1,000
value-database = write an address in quotes, {"{"} env = "NAME" {"}"}, {"{"} file = "PATH" {"}"}, or {"{"} url = ..., password = ... {"}"}

secret-what = { $place }: the value of `{ $name }` is not there
secret-env-missing = the environment variable { $name } is not set
secret-file-missing = { $file } cannot be read: { $reason }
secret-hint = set the variable (or write it into .env beside denk.toml), or correct the path of the file

address-why = { $place }: the address of `{ $name }` cannot be used: { $reason }
address-scheme = it begins with none of sqlite:, postgres:// and mssql://
address-unescaped = a character of the password must be written as %40 (for @), %2F (for /), %3F (for ?) or %23 (for #)
address-url = it is no valid address ({ $reason })
address-no-database = it names no database after the host
address-no-file = it names no file after sqlite:
address-missing = { $place }: the database `{ $name }` has no address (`url`)
address-hint = write sqlite:FILE, postgres://user@host:5432/name or mssql://user@host:1433/name; characters such as @ / # in a password are written %40 %2F %23, or give the password by itself: {"{"} url = "...", password = {"{"} env = "NAME" {"}"} {"}"}

database-not-configured = there is no database `{ $name }` in the configuration
databases-are = configured are: { $names }
databases-none = { $file } names no databases
databases-no-file = there is no denk.toml in { $folder }
database-not-configured-hint = add `{ $name } = "ADDRESS"` under [databases], or set DENK__DATABASES__NAME

## Databases

database-named = database `{ $name }` ({ $address })
database-at = the database { $address }
database-some = the database
database-table = table { $table }
database-column = column { $column }
database-key = key { $key }

database-what-connection = { $place } cannot be reached
database-what-authentication = { $place } refused the log-in
database-what-permission = { $place } does not allow this to the user
database-what-busy = { $place } is locked by somebody else
database-what-constraint = { $place } refused a row
database-what-conversion = { $place }: a value does not fit
database-what-missing = { $place } does not have what is needed
database-what-schema = { $place }: a table is not as expected
database-what-full = { $place } has no room left
database-what-corrupt = { $place } is damaged, or is no database
database-what-unsupported = { $place } cannot do this
database-what-timeout = { $place } did not answer in time
database-what-internal = { $place } gave an answer that denk did not expect

database-hint-connection = { $engine ->
    [sqlite] check that the folder exists and the drive is connected
    [postgres] is the server running, are host and port (usually 5432) right, and does a firewall or pg_hba.conf let this computer in?
    [mssql] is the server running with TCP/IP switched on (SQL Server Configuration Manager), are host and port (usually 1433) right, and does the firewall let this computer in?
   *[any] is the server running, and are host and port right?
}
database-hint-authentication = { $engine ->
    [mssql] check user name and password; mixed-mode authentication must be on, and a log-in made with "user must change password" does not work
    [postgres] check user name and password, and that pg_hba.conf allows this user to log in with a password
   *[any] check user name and password
}
database-hint-permission = { $engine ->
    [sqlite] give the user who runs denk the right to read and write the file and its folder
    [postgres] have the owner grant the missing right (GRANT ... ON ... TO user)
    [mssql] add the user to db_datareader and db_datawriter; to make tables or triggers it needs db_ddladmin
   *[any] give the user the missing right
}
database-hint-busy = { $engine ->
    [sqlite] close the other program that has the file open, or wait until it is done, and try again
   *[any] wait until the other work is done and try again; a long-open transaction may hold the lock
}
database-hint-constraint = correct the row in the source, or relax the rule of the target's table, and run again
database-hint-conversion = correct the value in the source, or give the target's column a type that can hold it
database-hint-missing = { $engine ->
    [sqlite] check the path and name of the file, and the names of tables and columns
   *[any] check the names of database, schema, table and column; names may differ in upper and lower case
}
database-hint-schema = compare the table with what the flow expects: `denk check` lists the differences
database-hint-full = make room on the disk (or raise the database's limit) and run again; nothing is half done
database-hint-corrupt = { $engine ->
    [sqlite] check that the path names an SQLite file and that it was copied completely; a damaged file is restored from a backup
   *[any] have the server's administrator check the database; restore it from a backup if it is damaged
}
database-hint-unsupported = { $engine ->
    [postgres] denk needs PostgreSQL 13 or newer
    [mssql] denk needs SQL Server 2012 or newer
   *[any] the database's version does not know this; update it, or use another type or option
}
database-hint-timeout = { $engine ->
    [sqlite] is the file on a slow network drive? Copy it to this computer, or try again when less is going on
   *[any] try again when the server has less to do; if it stays so, ask its administrator what blocks
}
database-hint-internal = try again; if it happens again, please report it with the lines above

## Use

usage-what = denk does not understand the command line
usage-unknown-command = there is no command `{ $name }`
usage-unknown-option = there is no option `{ $name }` here
usage-missing = missing: { $name }
usage-no-command = a command is missing
usage-no-value = `{ $name }` needs a value
usage-wrong-value = `{ $name }` does not take `{ $value }`
usage-conflict = `{ $name }` and `{ $other }` exclude each other
usage-twice = `{ $name }` can be given only once
usage-nearest-hint = did you mean `{ $name }`?
usage-values-hint = possible: { $values }
usage-help-hint = `denk --help` lists the commands, `denk COMMAND --help` explains one

## denk config show

show-setting = setting
show-value = value
show-origin = from
show-missing = (not there)
show-through-file = file { $file }
show-through-env = environment variable { $name }
show-through-variable = { $name } in { $place }
show-unused = note: { $name } ({ $place }) is not used: { $why }

## denk init

init-what = the configuration was not written
init-env-hint = check the path after --from-env
init-exists = { $file } is there already
init-exists-hint = keep it, name another file with -c, or overwrite it with --force
init-unwritable = { $file } cannot be written: { $reason }
init-unwritable-hint = check that the folder exists, that you may write there and that the disk is not full
init-written = written: { $file }
init-taken = taken:   { $name } -> { $setting }
init-ignored = ignored: { $name }: { $why }
init-secrets = note: the secrets ({ $names }) stay in { $file }; denk reads them from the environment or from { $beside }: copy the file there or set the variables
init-next = next: look it through, then `denk config show --origin`

draft-top =
    Configuration of denk. A `#` in front switches a line off.
    Every value can also come from the environment: DENK__SECTION__KEY, for example DENK__DATABASES__WEB.
    Secrets: {"{"} env = "NAME" {"}"} (environment, or .env beside this file) or {"{"} file = "PATH" {"}"}.
    `denk config show --origin` shows what holds and where it comes from.
draft-databases =
    Where the databases are: sqlite:FILE, postgres://user@host:port/name or mssql://user@host:port/name.
    The names are free; flows of the preset "mikro" expect erp, web and entegra.
draft-flows =
    Which flows there are: a preset that comes with denk, or folder = "mappings/" with files of your own.

## Names of the old programs

old-pool = denk opens the connections that it needs by itself
old-windows-login = log-in with a Windows account is not supported; make an SQL log-in and give MSSQL_USER and MSSQL_PASSWORD
old-not-understood = its value cannot be used
old-no-hours = STOCK_XML_HOURS is not set
old-hours-off = STOCK_XML_SCHEDULED is not "true"
old-incomplete = { $names } must be set too
old-instance = the name of the instance is not needed: the port decides
old-unknown = denk knows no such name

## Logs

log-unwritable = note: the log in { $folder } cannot be written: { $reason }

## Help

help-usage = Usage
help-commands = Commands
help-command = COMMAND
help-arguments = Arguments
help-options = Options
help-options-word = OPTIONS
help-general = General options

command-denk = Keeps the databases of a business equal
command-copy = Makes tables of one database equal to those of another
command-run = Runs flows or groups of flows once
command-check = Opens every configured database and tells what is fine and what to do about the rest
command-verify = Compares source and target of a flow or group row by row
command-preset = The flow files that come with denk
command-preset-list = Lists the presets
command-preset-show = Shows what is in a preset
command-preset-copy = Copies a preset's files into a folder, to change them
command-config = The configuration
command-config-show = Shows every setting, without secrets
command-init = Writes denk.toml
command-serve = Runs the hub until it is stopped
command-agent = Keeps an office's file in step with the hub: what changed goes up, what others changed comes down
command-service = Makes the agent or the hub a service of the system: it starts with the machine
command-service-install = Installs the service and starts it
command-service-remove = Stops the service and takes it away
command-service-run = What the service manager of Windows starts
command-site = The office PCs that may send and fetch files
command-site-add = Adds an office PC and shows its token once
command-site-list = Lists the office PCs
command-site-revoke = Takes an office PC's right away
command-site-rename = Gives an office PC another name
command-import = Brings old office files of any historical shape into the hub
command-compare = Tells which rows differ between two office files
command-held = Files of offices that delete or change too much at once, or have too much of another region
command-held-list = Lists what waits for a decision
command-held-approve = Lets a file through
command-held-reject = Sends a file's changes back: the PC gets the hub's rows at its next download
command-backup = Backups of the hub's store: made while the hub runs, put back while it does not
command-backup-create = Makes a backup now
command-backup-list = Lists the backups, each checked byte by byte
command-backup-restore = Puts a backup back; the store that was there is kept as a backup
command-backup-drill = Puts the newest backup back into a scratch place and proves that it works
command-conflicts = Values that two people changed, of which one did not stand
command-conflicts-list = Lists what nobody has decided yet
command-conflicts-show = Shows one of them in full
command-conflicts-take = Decides one: which of both values is to stand
command-user = The people who may log in to the dashboard
command-user-add = Adds a person and shows a one-time password
command-user-list = Lists the people
command-user-passwd = Gives a person a new one-time password and ends their sessions
command-user-disable = Shuts a person out
command-user-enable = Lets a person in again
command-user-logout = Ends a person's sessions
command-user-import = Takes over the accounts of an old office file, with passwords that work once
command-demo = Shows everything on this computer with made-up data

option-lang = Language of texts: tr or en
option-json = Answers with one JSON object
option-config = Configuration file [without it: denk.toml in the current folder]
option-config-value = FILE
option-data = Data folder [without it: data]
option-data-value = DIR
option-verbose = Shows the log on the screen; -vv shows more
option-quiet = Shows neither notes nor progress
option-log-level = How much is logged: error, warn, info, debug or trace
option-log-level-value = LEVEL
option-log-format-value = FORMAT
option-log-format = How log files are written: text or json
option-help = Shows this help
option-version = Shows the version

option-copy-source = Where rows come from: sqlite:FILE, postgres://... or mssql://...
option-copy-source-value = SOURCE
option-copy-target = Where rows go: sqlite:FILE, postgres://... or mssql://...
option-copy-target-value = TARGET
option-copy-table = Only this table; can be given several times
option-copy-table-value = TABLE
option-copy-without = Leaves this table out; can be given several times
option-copy-without-value = TABLE
option-copy-key = Columns that tell the rows apart, separated by commas: for a view, or a table without a key
option-copy-key-value = COLUMN
option-copy-name = Name of the one table in the target
option-copy-name-value = NAME
option-copy-keep-deleted = Rows that are missing in the source stay in the target
option-copy-dry-run = Shows what would be done and writes nothing
option-run-name = Flow or group: entegra, erp-to-web, ...
option-run-name-value = NAME
option-run-full = Compares everything, not only what may have changed
option-run-dry-run = Shows what would be done and writes nothing
option-run-only = Only these flows of the groups, separated by commas
option-run-only-value = FLOW
option-serve-listen = Address and port to listen on, instead of the configuration's
option-serve-listen-value = ADDRESS
option-serve-allow-temporary = Allows a data folder on storage that is lost with the machine
option-agent-db = The office program's file
option-agent-db-value = FILE
option-agent-hub = The enrolment line that `denk site add` printed, or the hub's address
option-agent-hub-value = LINE
option-agent-token = The token, where only the address was given
option-agent-token-value = TOKEN
option-agent-listen = Address of the local page (127.0.0.1:8788); always on this PC
option-agent-listen-value = ADDRESS
option-agent-once = One full exchange, then the end
option-agent-page = Only shows the link to the page of the agent that is running
option-agent-remove = Exchanges a last time, then takes everything that denk put into the file out of it again
option-agent-go-without = Goes on without a table or a column that the file has lost for good, once; what the hub has there stays there
option-agent-force = With --remove: also where the hub cannot be asked
option-service-install-what = agent or hub [without it: agent]
option-service-install-what-value = agent|hub
option-service-install-user = Who runs the service [without it: whoever owns the settings or the data; on Windows: the system itself]
option-service-install-user-value = NAME
option-service-install-print = Only shows what would be installed
option-service-remove-what = agent or hub [without it: agent]
option-service-remove-what-value = agent|hub
option-service-run-what = agent or hub
option-service-run-what-value = agent|hub
option-service-run-folder = The folder to work in
option-service-run-folder-value = DIR
option-site-add-name = Name of the office PC
option-site-add-name-value = NAME
option-site-add-region = Region whose rows it sees and writes; * for headquarters
option-site-add-region-value = REGION
option-site-revoke-name = Name of the office PC
option-site-revoke-name-value = NAME
option-site-rename-name = Name of the office PC
option-site-rename-name-value = NAME
option-site-rename-to = Its new name
option-site-rename-to-value = NEW
option-import-files = Office files (puantaj.db and older ones)
option-import-files-value = FILE
option-import-region = Whose files these are: rows that say no region get it; * takes all rows as they are [without it: as *, if every row says its region]
option-import-region-value = REGION
option-import-dry-run = Shows what would be done and writes nothing
option-compare-first = An office file
option-compare-first-value = FILE1
option-compare-second = Another one
option-compare-second-value = FILE2
option-held-approve-id = Its number, as `denk held list` shows it
option-held-approve-id-value = ID
option-held-reject-id = Its number, as `denk held list` shows it
option-held-reject-id-value = ID
option-backup-restore-id = Its name, as `denk backup list` shows it
option-backup-restore-id-value = ID
option-backup-restore-to = Into a new data folder, instead of the hub's own
option-backup-restore-to-value = DIR
option-backup-restore-at = With --to: only the tables of the business, as they were at this time ("2026-01-24 13:05"), for looking things up
option-backup-restore-at-value = TIME
option-backup-restore-yes = The hub's store is replaced
option-backup-drill-copy = The newest one on the other machine (hub.backup.copy_to): fetched from there, as after the loss of this machine
option-conflicts-show-id = Its number, as `denk conflicts list` shows it
option-conflicts-show-id-value = ID
option-conflicts-take-id = Its number, as `denk conflicts list` shows it
option-conflicts-take-id-value = ID
option-conflicts-take-side = local: the value that the hub had first; incoming: the one that came in later
option-user-add-name = Name to log in with
option-user-add-name-value = NAME
option-user-add-role = admin, manager, viewer or office
option-user-add-role-value = ROLE
option-user-add-region = The region that the person sees [without it: all; an office's account must have one]
option-user-add-region-value = REGION
option-user-passwd-name = Name of the person
option-user-passwd-name-value = NAME
option-user-disable-name = Name of the person
option-user-disable-name-value = NAME
option-user-enable-name = Name of the person
option-user-enable-name-value = NAME
option-user-logout-name = Name of the person
option-user-logout-name-value = NAME
option-user-import-file = The old file
option-user-import-file-value = FILE
option-demo-listen = Address and port to listen on [without it: 127.0.0.1:8787 or the next free port]
option-demo-listen-value = ADDRESS
option-verify-name = Flow or group
option-verify-name-value = NAME
option-verify-repair = Brings the target in line with the source
option-verify-limit = How many differences of a flow are listed [without it: 20]
option-verify-limit-value = N
option-preset-show-name = Name of the preset
option-preset-show-name-value = NAME
option-preset-show-schema = The tables of one of its databases, as SQL: erp, web, entegra or office
option-preset-show-dialect = Whose SQL: sqlite, postgres or mssql
option-preset-copy-name = Name of the preset
option-preset-copy-name-value = NAME
option-preset-copy-dir = The folder to copy into
option-preset-copy-dir-value = DIR
option-config-show-origin = Tells where each value came from
option-init-from-env = Takes over the settings of the old programs from this .env file
option-init-from-env-value = FILE
option-init-entegra = The SQLite file of Entegra
option-init-entegra-value = FILE
option-init-force = Overwrites an existing file
option-copy-types = Makes a column as this type where the target does not have it yet; can be given several times
option-copy-types-value = COLUMN=TYPE
option-run-allow-deletes = Lets deletions through that would be held
option-run-accept-drift = Goes on although source columns have vanished or changed their type

## Flows

flow-file-what = { $file }, line { $line }: this is no flow file
flow-file-nearest = did you mean `{ $name }`?
flow-file-hint = docs/reference/flow-file.md lists every word of a flow file
flow-folder-what = the flow files in { $folder } cannot be read
flow-folder-hint = check `folder` under [flows]
flow-circle-what = these flows cannot be put in an order
flow-circle-why = they wait for each other: { $flows }
flow-circle-hint = take a name out of one flow's `after`
flow-unknown-what = there is no flow or group `{ $name }`
flow-unknown-why = there are: { $names }
flow-unknown-nearest = did you mean `{ $name }`?
flow-unknown-hint = `denk preset show mikro` lists the flows that come with denk
flow-what = flow `{ $flow }` cannot run
flow-unopened = database `{ $database }` could not be opened (the cause is told at another flow)
flow-unopened-hint = put the database right, then run the flow again
flow-fit-hint = correct the flow file or the table; `denk check` shows all that does not fit
flow-no-table = database `{ $database }` has no table `{ $table }`
flow-no-source-table-hint = check the name and whether the address leads to the right database
flow-no-table-hint = check the name and the database, or let denk make the table: `create = true` under [target]
flow-no-column = table `{ $table }` has no column `{ $column }` (nearest: { $nearest })
flow-computed = column `{ $column }` of `{ $table }` is computed by the database and cannot be written
flow-no-key = `{ $table }` has no key by which rows could be told apart
flow-no-key-hint = name one with `key` in the flow file
flow-unfaithful = column `{ $column }` of type { $type } would not survive: { $reason }
flow-unfaithful-hint = say how to hold it: `--type COLUMN=text` (or timestamptz, numeric(18,4), ...) for `denk copy`, `type = "text"` in a flow file; or leave the table out: `--without TABLE`
flow-no-type = `{ $word }` is no column type
flow-no-type-hint = types: text, varchar(n), smallint, integer, bigint, real, numeric(p,s), boolean, date, time, timestamp, timestamptz, uuid, json, bytes
flow-bad-constant = the value given for `{ $column }` does not fit the column: { $reason }
flow-vanished = source column `{ $column }` has vanished from database `{ $database }` since the last run
flow-retyped = column `{ $column }` of the source (database `{ $database }`) was { $before } and is now { $now }
flow-drift-hint = if the change is meant, or the name now stands for another database, run once with `--accept-drift`; nothing was changed in the target
flow-disordered = rows of the source do not come in the order of their keys (at { $key })
flow-disordered-hint = the source file is damaged: check it with `pragma integrity_check` and restore it; nothing was changed in the target
flow-key-repeats = the target holds two rows with key { $key }
flow-key-repeats-hint = remove one of them, or choose another `key` in the flow file
flow-case = test `{ $test }` of the flow file fails: column `{ $column }` became `{ $got }` instead of `{ $wanted }`
flow-case-hint = correct the mapping or the test; no row was moved

## Rows that do not fit

misfit-not-a = `{ $value }` is not a { $wanted }
misfit-range = `{ $value }` is outside the range of the column
misfit-precise = `{ $value }` has more digits than the column keeps
misfit-long = the text has { $length } characters, the column holds { $max }
misfit-character = the text holds a character that the column cannot store ({ $code })
misfit-utf8 = the text is not valid UTF-8
misfit-null = the column does not allow NULL
misfit-ambiguous = the local time `{ $value }` does not exist or exists twice
misfit-null-key = a key column is NULL
misfit-duplicate = another row has the same key
misfit-several = the lookup has several answers for `{ $value }`
misfit-refused = the target refused the row: { $words }
type-json-document = JSON document
type-byte-string = byte string
type-date-and-time = date and time
type-date = date
type-decimal-number = decimal number
type-number-that-a-float-holds-exactly = number that the column holds exactly
type-point-in-time = point in time
type-text = text
type-time-of-day = time of day
type-uuid = UUID
type-whole-number = whole number
type-yes-no-value = yes/no value

## What a run did

column-flow = flow
column-state = state
column-read = read
column-inserted = inserted
column-updated = updated
column-unchanged = unchanged
column-deleted = deleted
column-parked = parked
column-held = held
column-seconds = seconds
column-compared = compared
column-missing = missing
column-extra = extra
column-different = different
column-area = area
column-severity = severity
column-finding = finding
column-preset = preset
column-flows = flows
column-group = group
column-about = what it does
state-done = done
state-partial = in part
state-failed = failed
action-create = create
action-insert = insert
action-update = update
action-delete = delete
run-added-columns = { $flow }: columns added to the target: { $columns }
run-parked = { $count ->
    [one] { $flow }: one row is parked; correct it and the next run takes it up:
   *[other] { $flow }: { $count } rows are parked; correct them and the next run takes them up:
}
run-held = { $flow }: { $count } deletions are held, that is too much at once; nothing was deleted. If it is right: --allow-deletes
verify-insert = missing
verify-update = different
verify-delete = extra
verify-equal = Everything is equal.
verify-parked = Nothing differs but rows that the target cannot hold; correct them in the source.
verify-different = There are differences; `--repair` puts them right.

## Check

check-no-databases = no database is configured
check-no-databases-hint = write them under [databases] in denk.toml; `denk init` writes an example
check-opened = { $product } { $version }
check-will-be-made = the file is not there yet; the first run makes it
check-clock = its clock differs from this machine's by { $seconds } seconds
check-clock-hint = set both clocks by a time server
check-flow-unopened = its databases could not be opened
check-flow-unopened-hint = see above
check-flow-fits = fits `{ $table }`, { $columns } columns
check-flow-creates = the first run makes `{ $table }` with { $columns } columns
check-flow-adds = the next run adds these columns to the target: { $columns }
severity-ok = fine
severity-warning = look
severity-error = WRONG

## Copy

copy-as-what = `--as` needs exactly one `--table`
copy-as-why = several tables cannot have one name
copy-as-hint = give one `--table`, or leave `--as` out
copy-key-what = `--key` needs exactly one `--table`
copy-key-why = every table has columns of its own
copy-key-hint = give one `--table`, or leave `--key` out
copy-without-what = a table to leave out is not there
copy-without-why = `{ $table }` is not among the tables to copy
copy-without-hint = write the name as the database has it, or leave `--without` out
copy-address-what = a database's address is wrong
copy-address-hint = write sqlite:FILE, postgres://user:password@host:5432/name or mssql://user:password@host:1433/name
copy-nothing-what = there is nothing to copy
copy-nothing-why = the source has no table
copy-nothing-hint = check the address and `--without`; a view is copied when it is named: --table VIEW --key COLUMN
copy-type-what = `--type` was not understood
copy-type-why = it says which column to hold as which type
copy-type-hint = for example: --type goods.price=numeric(18,4)

## Presets

preset-unknown-what = there is no preset `{ $name }`
preset-unknown-why = there are: { $names }
preset-unknown-hint = `denk preset list` lists them
preset-no-schema-what = the preset has no such schema
preset-no-schema-why = preset `{ $name }`, schema `{ $schema }`, dialect `{ $dialect }`
preset-no-schema-hint = there is: --schema entegra --dialect sqlite
preset-copy-what = the preset could not be copied
preset-copy-hint = choose an empty folder that you may write to
preset-copied = { $count } files are in { $folder }; write `folder = "..."` under [flows] to use them

## Demo

demo-begin = A marketplace file and an empty web database, with made-up rows, in { $folder }
demo-first = First run: everything is copied.
demo-again = Second run: nothing has changed, nothing is written.
demo-nothing = (nothing was written)
demo-day = A day's work: two new orders, one cancelled, quantities, a price and an order line changed, a product deleted, one order spoilt.
demo-changes = Third run: exactly the differences; the spoilt row is parked with its reason.
demo-end = Compared row by row: { $differences } differences, { $parked } parked. The files are in { $folder }: open them with any SQLite program, or start from there with `denk copy`.
demo-hub = Hub and dashboard: { $url }
demo-log-in = Log in with one of these; each password is shown only this once and must be changed at the first log-in:
demo-log-in-again = Log in as before; `denk user passwd admin --data { $folder }` makes a new password.
demo-offices = Three offices work by themselves, each on a file of its own that it exchanges with the hub every few seconds (after ten minutes: every minute):
demo-look =
    Watch the dashboard, or ask in a second window: `denk site list --data { $folder }`, `denk conflicts list --data { $folder }`.
    Change an office's file with any SQLite program and see what the others get of it. Ctrl+C ends the demo.
demo-turn = sent: { $inserted } new, { $updated } changed, { $deleted } deleted
demo-waits = the hub holds back what it sent: `denk held list`
demo-stopped = The demo has stopped; the same command goes on from here. What it made is in { $folder }.
demo-listen-hint = name another address and port with --listen, or leave it out: then the demo takes the next free port
demo-torn = { $file } and the hub's store do not belong together
demo-torn-hint = delete the demo's folder, or name another with --data, and start again
demo-office-what = the office { $office } could not exchange its file
demo-office-hint = if another program has the file open, close it; the office tries again by itself
demo-unheard = { $url } did not answer
demo-what = the demo could not begin
demo-hint = choose a folder that you may write to: denk demo --data FOLDER

## Found by use

flow-waits = flow `{ $flow }`, which must come first, has failed in this run
flow-waits-hint = put that flow right; this one then runs by itself
flow-unfilled = column `{ $column }` of `{ $table }` must not be NULL, has no default, and nothing fills it
flow-key-differs = key column `{ $column }` is { $source } in the source and { $target } in the target
flow-twice-what = two flows are called `{ $flow }`
flow-twice-why = a flow's name stands for its progress in the target
flow-twice-hint = give one of the files another `name`
scratch-what = there is no temporary folder
scratch-hint = check the system's folder for temporary files
copy-unreadable = `{ $table }` of the source cannot be read
copy-unreadable-hint = if it is a broken view or a table of an extension, leave it out: --without { $table }
copy-mixing-what = two tables would be copied into one
copy-mixing-why = `{ $table }` is there more than once (in several schemas, or written with other letters)
copy-mixing-hint = copy them one by one: --table schema.name --as NAME
copy-type-unknown = `{ $given }` names no column of the tables that are copied
check-activity = the activity's { $lines } lines stand as they were written; seal { $seal }
check-activity-broken = the activity was changed at line { $line }, or a line before it was taken out or put in
check-activity-cut = the last lines of the activity are missing
check-activity-hint = somebody wrote into the store past denk: look who can, and compare with a backup from before
check-flow-later = waits for `{ $table }`, which another flow makes at the first run
demo-strange = { $file } is there already and is not the demo's
copy-itself-what = a table would be copied onto itself
copy-itself-why = source and target are the same database
copy-itself-hint = give another target, or one `--table` and another name with `--as`
stopped-what = stopped before the end
stopped-why = the process was asked to stop
stopped-hint = nothing was left half done: what was not committed is rolled back; run the command again
output-what = the answer could not be written
output-hint = free space where the output goes, or send it elsewhere; what the command did stays done

hub-store-what = the hub's store cannot be used
hub-store-hint = see logs/error.log; the store was left as it was
hub-store-older-why = an older version of denk made it (its form is { $found }, this version needs { $known })
hub-store-older-hint = name a new data folder with --data and let the offices upload again, or bring their files in with `denk import`; the old store was left as it was
hub-store-missing-why = { $file } is not there
hub-store-missing-hint = start the hub once with `denk serve`, or name its data folder with --data
hub-store-restoring = a backup is being put in the place of the store
hub-store-restoring-hint = wait until `denk backup restore` has ended, then try again
preset-no-offices = the preset `{ $name }` has no { $part }
preset-no-offices-hint = set `preset` in the section [hub] to one that is made for offices: rainstaff
site-what = the office PC cannot be changed
site-unknown = there is no office PC called `{ $name }`
site-unknown-hint = `denk site list` shows their names
site-exists = there is an office PC called `{ $name }` already
site-exists-hint = choose another name; a lost token is replaced by revoking the old one and adding a new one
site-name = `{ $name }` cannot be a name
site-name-hint = 1 to 100 visible characters
site-region-near = there is a region `{ $near }`, and `{ $region }` is written almost like it
site-region-hint = write the region as it is written in the files; a PC of another region sees none of its rows
site-added = { $name } ({ $region }) may now exchange files with the hub.
    Enrolment line: { $enrolment }
    For the old program (X-API-KEY, "API Token"): { $token }
    Both are shown only this once.
site-revoked = { $name } may no longer exchange files with the hub; what it sent stays.
site-renamed = The office PC is now called { $name }.
site-import = { $region } (import)
site-shared-key = { $region } (shared key)
site-older-batch = { $name }: two PCs use its line, or its file was restored from a backup ({ $at }). Each PC needs a line of its own: `denk site add`.
site-all-regions = All regions
site-state-new = never heard of
site-state-active = active
site-state-held = waits for approval
site-state-revoked = revoked
office-file-what = { $file } cannot be taken
office-file-hint = nothing of it was stored; check that it is the office program's own database file (puantaj.db)
compare-first = only in the first file
compare-second = only in the second file
compare-both = differs in
compare-more = { $table }: { $rows } more differences; --json gives all
compare-equal = Both files hold the same.
compare-differs = The files differ.
import-planned = Nothing was written. Without --dry-run the rows above go into the hub.
import-planned-not = Nothing was written. Without --dry-run nothing would be written either, until --region says whose these rows are.
import-done = The rows are in the hub.
column-table = table
column-name = name
column-region = region
column-contact = last contact
column-waiting = held
column-new = new
column-matched = matched
column-changed = changed
column-repaired = repaired
column-refused = refused
temporary-what = the hub does not start
temporary-why = the data folder { $folder } lies on storage that is lost with the machine ({ $kind })
temporary-hint = choose a durable folder with --data, or say --allow-temporary
hub-locked-why = another hub uses the data folder { $folder }
hub-locked-hint = stop the other one, or give each its own --data
serve-ready = The hub listens on { $url }
serve-first-users = First passwords; each is shown only this once and must be changed at the first log-in:
serve-no-proxies = behind_proxy without proxies: X-Forwarded-For of nobody is believed, so everybody counts as one address. Write whose it is that counts: proxies = "127.0.0.1", or "private, cloudflare" at Render
serve-stopped = The hub has stopped.
serve-what = the hub cannot serve
serve-short-key = the shared key (api_key, API_KEY) has { $chars } characters: it can be guessed by whoever reaches { $listen }
serve-short-key-hint = take a random one of at least 16 characters, or give each PC a token: denk site add
serve-hint = check the address and that nobody else listens there
held-what = nothing was decided
held-unknown = nothing of number { $id } is held
held-superseded = { $id } no longer waits: a later file of the same PC was taken
held-unknown-hint = `denk held list` shows what waits
held-refused-hint = the file stays held
held-cause-region = rows of another region
held-cause-changes = deletes or changes too much at once
held-cause-along = decided together with what hangs on it
held-cause-none = none: goes through also when rejected
held-renumbered = { $id }, `{ $table }`: about as many rows are new as are deleted. Perhaps the program gave its rows new numbers: then approving changes nothing for people, and rejecting enters every row twice.
held-revoked = { $id }: the line of { $site } was revoked ({ $at }). If its PC was enrolled anew, it waits for no answer; approving still takes what waits, rejecting ends it.
held-silent = { $id }: nothing was heard of { $site } since { $at }. If its PC was enrolled anew, it waits for no answer; approving still takes what waits, rejecting ends it.
held-approved = { $id } was let through.
held-rejected = { $id } was sent back.
backup-what = nothing was done with the backups
backup-restore-what = nothing was restored
backup-drill-what = the drill failed
backup-one-folder = backups would lie twice in one place: { $copy } (hub.backup.copy_to) and { $folder } (hub.backup.folder) are the same folder, or one lies in the other
backup-one-folder-hint = name a folder on another disk or machine as copy_to, or leave it out
backup-elsewhere = the store is in PostgreSQL, which is backed up by its own tools
backup-elsewhere-hint = make one with `{ $dump }` (the password is asked for, or read from PGPASSWORD); put it back with `{ $restore }` while no hub runs. pg_basebackup keeps the whole server, to any point in time. Of denk's data folder only certificate.pem is needed beside it
backup-full-hint = make room on that disk, or name another folder as hub.backup.folder; the store and the other backups are as they were
backup-file-hint = see that the folder is there and that denk may write in it, or name another one as hub.backup.folder (hub.backup.copy_to)
backup-unknown = there is no backup { $id }
backup-unknown-hint = `denk backup list` shows which there are
backup-nothing = there is no backup yet
backup-nothing-hint = make one: denk backup create
backup-damaged = backup { $id } is not whole: { $fault }
backup-damaged-hint = take another one (`denk backup list`), and have the disk looked at
backup-fault-no-manifest = its description is not there
backup-fault-manifest = its description was changed
backup-fault-newer = a newer version of denk has made it
backup-fault-missing = its file is not there
backup-fault-length = its file has another length
backup-fault-bytes = its file holds other bytes
backup-fault-unpacked = its file does not unpack to what was packed
backup-fault-integrity = the database in it is damaged ({ $found })
backup-fault-table = table { $found } does not hold what it held
backup-fault-store = the store in it cannot be used ({ $found })
backup-in-use = a hub or another denk command uses the store
backup-in-use-hint = stop the hub (`systemctl stop denk-hub`, or Ctrl+C), then try again
backup-occupied = there is a store in { $folder } already
backup-occupied-hint = name an empty folder
backup-busy = another backup, restore or drill has been at work for half an hour
backup-busy-hint = wait for it, or see what became of it
backup-early = backup { $id } was made before this time and knows nothing of it
backup-early-hint = take the first one that was made later, or make one: denk backup create
backup-time = `{ $time }` is no time
backup-time-hint = write it as "2026-01-24 13:05", by the clock of the configured zone
backup-yes = { $store } would be replaced by backup { $id }
backup-yes-hint = say --yes; the store that is there now is kept as a backup. --to DIR puts it elsewhere
backup-made = { $id }: { $rows } rows, { $size }, in { $folder }
backup-found-damaged = An older backup is damaged: { $id } in { $folder }
backup-not-copied = It could not be copied to the second folder: { $why }
backup-not-listed = The copies on the other machine could not be looked at: { $why }
copy-no-host-key = nothing says which key the server of { $place } has (hub.backup.copy_host_key), so anybody could be it
copy-no-host-key-hint = have the server's owner tell it, or look from a network that you trust: ssh-keyscan -p { $port } -t ed25519 { $host } | ssh-keygen -lf -
copy-no-login = nothing says how to log in to { $place }
copy-two-logins = there are a key and a password for { $place }
copy-login-hint = set one of hub.backup.copy_key and hub.backup.copy_password, as {"{"} file = "PATH" {"}"} or {"{"} env = "NAME" {"}"}
copy-away-connection = { $place } cannot be reached: { $reason }
copy-away-connection-hint = see that the server runs and can be reached from here (ssh -p PORT USER@HOST); backups are made all the same, and what is missing there is made up by itself
copy-away-host-key = the server of { $place } shows the key { $found }, not the one that hub.backup.copy_host_key names; it was told nothing
copy-away-host-key-hint = if the server was set up anew, have its owner confirm that key and set copy_host_key = "{ $found }"; if not, somebody may be in between
copy-away-login = the server of { $place } lets denk not in: { $reason }
copy-away-login-hint = see that the public key is in the user's authorized_keys there (Ed25519 or ECDSA, not RSA), or that the password is right: hub.backup.copy_key, hub.backup.copy_passphrase, hub.backup.copy_password
copy-away-room = the disk of { $place } is full
copy-away-room-hint = make room there, or keep fewer (hub.backup.keep); the backups here are as they were
copy-away-refused = { $place }: { $reason }
copy-away-refused-hint = see that the user may read, write and rename in that folder there, and that there is room
copy-taken = at { $place } lies another backup of the name { $id }: two machines take themselves for the same hub
copy-taken-hint = give one of them another folder (hub.backup.copy_to); a hub that was only put up for trial needs none
copy-several = several hubs have a backup { $id }: { $places }
copy-several-hint = carry the two files of the right one into the folder of backups (sftp), then try again
copy-nowhere = there is no other machine that backups are copied to
copy-nowhere-hint = set hub.backup.copy_to = "sftp://user@host/folder"
backup-restored = Restored: { $id }, the store as it was at { $at }.
backup-restored-safety = The store that was there is kept as { $id }.
backup-restored-look = Sites, accounts and revocations are as they were then too: look at `denk site list` and `denk user list`, then start the hub. The offices tell it again what they know.
backup-restored-to = { $id } is restored into { $folder }: denk --data { $folder } serve
backup-past = { $file }: the tables as they were at { $at } (change { $rev })
backup-drilled = { $id } was put back and works: { $size }, { $tables } tables with { $rows } rows, each with its hash; a store opened on it stands at change { $rev } and has { $living } living rows.
backup-last-drill = Last drill: { $at }, { $id } works.
backup-last-drill-failed = Last drill: { $at }, { $id } FAILED. Look: denk backup drill
backup-state-whole = whole
backup-state-there = there
backup-state-damaged = damaged
backup-state-missing = missing
backup-reason-schedule = by schedule
backup-reason-asked = asked for
backup-reason-safety = before a restore
column-backup-id = backup
column-backup-at = at
column-backup-size = size
column-backup-rev = change
column-backup-reason = why
column-backup-state = state
column-backup-folder = where
column-number = number
column-site = PC
column-deletes = deletes
column-updates = updates
column-cause = cause
column-coming = still to come
column-foreign = of another region
column-at = since
column-row = row
column-column = column
column-local = local
column-incoming = incoming
column-stands = stands
column-role = role
conflicts-what = the conflict was left as it is
conflicts-unknown = there is no conflict of number { $id }
conflicts-unknown-hint = `denk conflicts list` shows what is to be decided
conflicts-decided-why = conflict { $id } is decided already, by { $who }
conflicts-decided-hint = `denk conflicts show` tells how it stood; to change the value again, change it in an office's program
conflicts-gone = the row, or what the value referred to, is not there any more
conflicts-gone-hint = nothing was changed; if the row is needed, enter it anew in an office's program
conflicts-later = after this conflict came in, { $site } wrote { $what } there ({ $at }); that would be overwritten
conflicts-later-row = after this conflict came in, { $site } wrote this row or one that would go with it (table { $what }, { $at })
conflicts-later-hint = nothing was changed; change or delete it in an office's program if that is still right. Taking the side that stands closes the conflict and leaves everything as it is
conflicts-headquarters = headquarters
conflicts-how = `denk conflicts take NUMBER local` or `incoming` says which value is to stand; it reaches the offices with their next download.
conflicts-head = { $table }: { $row }, column { $column }
conflicts-local = local:    { $value } ({ $site }, { $at }) { $stands }
conflicts-incoming = incoming: { $value } ({ $site }, { $at }) { $stands }
conflicts-unknown-age = of unknown age
conflicts-stands = <- stands
conflicts-stands-not = {""}
conflicts-decided = Decided by { $who } at { $at }.
conflicts-deletion = deleted
conflicts-row = changed
conflicts-empty = (empty)
conflicts-kept = { $id }: { $value } goes on standing.
conflicts-put-back = { $id }: { $value } stands from now on; the offices get it with their next download.
user-what = the account was not changed
user-none = there are no accounts yet
user-none-hint = start the hub once with `denk serve`: it makes the first accounts and shows their passwords
user-exists = there is an account called `{ $name }` already
user-exists-hint = choose another name; `denk user passwd` gives a new password, `denk user enable` lets somebody in again
user-unknown = there is no account called `{ $name }`
user-unknown-hint = `denk user list` shows their names
user-region = no site, no row and no account of the preset is of region `{ $region }`; there are: { $known }
user-region-hint = write the region as it is written there, or add its first PC with `denk site add`
user-last-admin = somebody must stay administrator of all regions
user-last-admin-hint = make another one first: `denk user add NAME --role admin`
user-logged-out = Sessions of { $name } have ended.
user-import-added = new; the old password works once
user-import-replaced = was not used yet; the old password works once
user-import-one-time = new; with a one-time password
user-import-stays = is there already and stays as it is
user-import-refused = not taken: its name, role or region is none here
user-office-region = an office's account belongs to one region
user-office-region-hint = name it with --region; who sees everything gets the role viewer or manager
user-added = { $name } may log in with the password { $password }
    It is shown only this once and must be changed at the first log-in.
user-passwd = { $name } may log in with the password { $password }
    It is shown only this once and must be changed at the next log-in; sessions of { $name } have ended.
user-disabled = { $name } is shut out, sessions have ended; `denk user enable` lets them in again.
user-enabled = { $name } may log in again.
user-state-active = active
user-state-one-time = must change the password
user-state-disabled = shut out
office-file-missing = there is no file { $file }
office-file-missing-hint = check the name and the folder; nothing was stored
import-region-what = the files were not taken
import-regionless = { $rows } rows say no region ({ $tables }): as they are, only headquarters would see them
import-region-hint = --region Ankara (or whose files they are) gives them one; rows of other regions are then refused, and come in with a second import with --region '*'. That alone leaves rows without a region to headquarters.
import-more = and { $rows } more
import-odd-time = `{ $column }` is no time of day (HH:MM); kept as it is
import-odd-date = `{ $column }` is no date (YYYY-MM-DD); kept as it is
import-reason-region = not of this region
import-reason-orphan = `{ $column }` names a row that is not there; the row was set aside
import-reason-orphan-column = `{ $column }` names a row that is not there; left empty
import-reason-unknown-row = the hub does not know the row
import-reason-doubt = under this number there was something else before; both are kept
import-reason-odd-type = `{ $column }` is of another type; kept as it is
import-reason-unknown-table = an unknown table; left out
import-reason-unknown-column = column `{ $column }` is not known; left out
import-reason-no-tag = the file's mark cannot be read; taken as a file without one
import-reason-held = deletes or changes too much at once, or has too much of another region; waits for a person: `denk held list`
import-reason-copy = the file is a copy of another PC's file; nothing is deleted for what it lacks
import-reason-older-file = the file is older than the one before; nothing is deleted for what it lacks
import-reason-doubled-file = the file seems to be in use twice; nothing is deleted for what it lacks
import-reason-not-deleted = somebody else has changed it, or something new needs it: it stays

agent-met = The hub met this file for the first time: { $rows } rows.
agent-once = Sent { $pushed }, received { $pulled }, conflicts { $conflicts }, held { $held }, refused { $refused }, waiting { $waiting }.
agent-unknown = denk does not know these columns, and does not exchange them: { $columns }
agent-goes-without = { $file } is exchanged without these from now on: { $lost }
agent-lacks-nothing = { $file } lacks nothing
agent-late = { $rows } rows of the hub cannot be written into this file: it has another row of that plate, serial number or name, or the office changed them too.
agent-other-region-why = { $file } is a file of { $region }, and the enrolment line is one of { $line }: rows of both would come into one file
agent-other-region-hint = give a line of the file's region; when the office has moved, take the agent out with its old line first: denk agent --remove
agent-off = Sync active is off: nothing was sent or fetched. It is switched on at the page; for once all the same: with --hub or --db.
agent-ready = The agent watches { $file }. Settings and state: { $page }
agent-stopped = The agent has stopped.
agent-removed = Everything that denk put into { $file } was taken out.
agent-remove-what = nothing was taken out of the file
agent-remove-held = changes of this office wait for approval at the hub
agent-remove-hint = before that the hub has to hear everything, or it would enter rows twice when this file is sent to it again; if it never is: denk agent --remove --force
agent-what = the agent cannot synchronise
agent-not-set-why = the agent does not know its file or its hub; there are no settings in { $file }
agent-not-set-hint = start it once with: denk agent --db FILE --hub "ENROLMENT LINE" (`denk site add` at the hub gives the line)
agent-hub-address = the hub's address is not understood: it is like https://HUB:8787 (for a hub on this PC http:// will do too), or the whole enrolment line
agent-hub-credentials = the hub's address has a user name or password in it; the hub looks at the token only: take out the @ and what is before it
agent-hub-plain = over http:// everybody on the way could read the token and the office's rows: give the hub's https:// address, or the whole enrolment line
agent-hub-other = the token that is kept belongs to another hub: give the new hub's enrolment line, or add --token
agent-hub-token = there is no token: give the whole enrolment line, or add --token
agent-hub-fingerprint = the fingerprint at the end of the enrolment line is incomplete or wrong
agent-twice-why = another agent uses { $file }
agent-twice-hint = stop the other one: a file has one agent
agent-file-why = { $file } cannot be used
agent-file-hint = check that the file is there and can be written, and that the disk has room
agent-file-missing = there is no file { $file }
agent-file-missing-hint = check the name and that the drive is connected; the agent makes no file of its own
agent-file-read-only = { $file }, or the folder that it lies in, may not be written
agent-file-read-only-hint = let the user under whom the agent runs write both; entries stay in the file, none is lost
agent-file-full = the disk of { $file } is full
agent-file-full-hint = make room on it; entries wait in the file, none is lost
agent-file-busy = { $file } is locked by its program
agent-file-busy-hint = close what keeps the file locked, or try again later; entries wait in the file, none is lost
agent-file-corrupt = { $file } is damaged, or is no database
agent-file-corrupt-hint = put the last good backup in its place; the agent brings what was entered since from the hub
agent-file-empty = { $file } is empty: it is not the office program's file
agent-file-lacks-table = { $file } no longer has the program's table `{ $table }`
agent-file-lacks-column = table `{ $table }` of { $file } no longer has the program's column `{ $column }`
agent-file-no-table = { $file } is not the office program's file: it has no table `{ $table }`
agent-file-no-column = { $file } is not the office program's file: its table `{ $table }` has no column `{ $column }`
agent-file-view = { $file } is not the office program's file: `{ $table }` is a view, not a table
agent-file-encoding = { $file } is not the office program's file: its texts are not in UTF-8
agent-file-lacks-hint = it goes on by itself once the program has put it back; nothing is lost meanwhile. If the program's new version no longer has it: stop the agent, denk agent --go-without, then start it again
agent-file-other-hint = name the very file that the office's program opens and works with: denk agent --db PATH/puantaj.db; nothing was written into this one
agent-file-newer = a newer version of denk has worked on { $file }
agent-file-newer-hint = update denk
agent-certificate-why = { $hub } does not show the enrolment line's certificate; nothing was sent
agent-certificate-hint = if the hub's certificate was changed on purpose, ask for a new enrolment line; if not, tell the administrator
agent-untrusted-why = this PC does not trust the certificate that { $hub } shows; nothing was sent
agent-untrusted-hint = give the whole enrolment line (it holds the certificate's fingerprint), or add the certificate's issuer to those that this PC trusts
agent-token-why = { $hub } does not know this token, or has revoked it
agent-token-hint = ask the administrator for a new enrolment line (at the hub: denk site add)
agent-away-why = { $hub } cannot be reached
agent-away-name = { $hub } cannot be reached: its name is not found
agent-away-refused = { $hub } cannot be reached: nobody listens there
agent-away-timed-out = { $hub } cannot be reached: no answer came in time
agent-away-no-way = { $hub } cannot be reached: no network leads there
agent-away-cut = { $hub } cannot be reached: the connection broke off
agent-not-plain-why = what answers at { $hub } does not speak http://; no row was sent
agent-not-plain-hint = the address begins with https://: give the whole enrolment line (--hub)
agent-not-tls-why = what answers at { $hub } does not speak https://; nothing was sent
agent-not-tls-hint = check address and port, or give the whole enrolment line (--hub)
agent-away-hint = check the network and that the hub runs; entries wait in the file, none is lost
agent-busy-why = { $hub } cannot answer now
agent-no-hub-why = there is no denk hub of this version at { $hub }
agent-answer-why = the answer of { $hub } cannot be read
agent-restless-why = the exchange with the hub came to no end
agent-restless-hint = try again in a moment; entries wait in the file, none is lost
agent-refuses-why = { $hub } refused the request
agent-refused-hint = the hub's own reason stands above: if it is about the file, name the office program's own (--db); if not, check the version of denk on both sides
agent-refuses-hint = check that a denk hub is at this address, and the version of both sides
agent-settings-file = { $file } cannot be read or written
agent-settings-form = the settings in { $file } cannot be understood: { $reason }
agent-settings-hint = correct the file, check that the file can be read and written, or remove it and enrol the agent again
agent-listen-why = { $listen } is not this PC itself
agent-page-what = the agent's local page cannot be shown
agent-page-why = { $listen }: { $reason }
agent-page-hint = name a free port with --listen 127.0.0.1:PORT
agent-no-page-why = there is no { $file }: the agent does not run, or the file is another user's
agent-no-page-hint = start the agent with `denk agent`; run the command as the agent's user and in its folder

service-installed = { $name } is installed and started ({ $file }). How it stands: systemctl status { $name }
service-removed = { $name } was stopped and taken away.
service-no-user = There is no user `{ $user }` on this machine: the service does not start before there is.
service-what = the service cannot be installed or removed
service-hint = run the command as root (sudo)
service-none-why = there is no { $file }
service-none-hint = no such service is installed on this machine
service-file-why = { $file }: { $reason }
service-systemctl-why = systemctl { $command }: { $reason }
service-no-systemd-why = systemd does not run this machine
service-no-systemd-hint = have `denk agent` or `denk serve` started in the machine's own way; --print shows what systemd would do
service-windows-hint = run the command in a console that was opened as administrator
service-windows-installed = { $name } is installed and started. How it stands: sc query { $name }
service-manager-why = the service manager of Windows refuses
service-not-started-why = { $name } is installed, but stopped as soon as it was started
service-not-stopped-why = { $name } does not stop
service-look-hint = run `denk agent` or `denk serve` once in a console with the same settings; it tells why
service-run-what = the service cannot run
service-not-managed-why = only the service manager of Windows starts this command
service-not-managed-hint = run `denk agent` or `denk serve` in a console; for a service: denk service install

# Notifications
command-notify = Messages to people ([notify])
command-notify-test = Sends a test message on each way
value-notify-minimum = write "info", "warning" or "serious"
value-notify-quiet = write two times, like "22:00-07:00"
value-notify-digest = write "at once", "every 15m", "daily 08:00" or "never"
value-notify-security = write "starttls", "tls", or "none" for a server on this machine only
value-notify-port = write a number from 1 to 65535
value-notify-people = write an e-mail address, or a list like ["a@x.example", "b@x.example"]
notify-what = no message was sent
notify-missing = { $name } is missing
notify-missing-hint = add it to [notify.email]: host and to are needed
notify-hint = check the addresses in [notify]
notify-nobody = nobody is named in [notify]
notify-nobody-hint = add webhook or email under [notify] in denk.toml
notify-sent = { $way }: sent
notify-not-sent = { $way }: not sent: { $why }
