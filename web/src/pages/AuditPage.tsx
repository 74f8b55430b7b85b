import { useCallback, useState, type FormEvent } from "react";
import type { AuditRecord } from "../api/types";
import { ErrorNote } from "../components/ErrorNote";
import { Field } from "../components/Field";
import { usePages } from "../paging";
import { asProblem, useClient } from "../session";

const filters = [
  { name: "actor", label: "Actor" },
  { name: "account", label: "Account" },
  { name: "action", label: "Action", placeholder: "store.create" },
  { name: "target", label: "Target" },
  { name: "result", label: "Result", placeholder: "ok" },
  { name: "from", label: "From", type: "date" },
  { name: "to", label: "Before", type: "date" },
];

function query(values: Record<string, string>): URLSearchParams {
  return new URLSearchParams(Object.entries(values).flatMap(([name, value]) => (value.trim() ? [[name, value.trim()]] : [])));
}

/** Who did what: the audit log, newest first, and the same as a table to take away. */
export function AuditPage() {
  const client = useClient();
  const [values, setValues] = useState<Record<string, string>>({});
  /** Those that what is shown was asked for with. */
  const [asked, setAsked] = useState<Record<string, string>>({});
  const [isSaving, setSaving] = useState(false);
  const ask = useCallback(
    (cursor: string | null) => {
      const wanted = query(asked);
      if (cursor) wanted.set("cursor", cursor);
      return client.audit(wanted);
    },
    [client, asked],
  );
  const { items: records, next, problem, setProblem, load } = usePages(ask);

  function search(event: FormEvent) {
    event.preventDefault();
    setAsked(values);
  }

  async function save() {
    setSaving(true);
    try {
      const address = URL.createObjectURL(await client.auditTable(query(asked)));
      const link = document.createElement("a");
      link.href = address;
      link.download = "audit.csv";
      link.click();
      URL.revokeObjectURL(address);
      setProblem(null);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setSaving(false);
  }

  const isFiltered = query(asked).toString() !== "";
  return (
    <main className="wide">
      <div className="bar">
        <h1>Audit</h1>
        <button type="button" onClick={() => void save()} aria-busy={isSaving} disabled={!records || records.length === 0}>Download CSV</button>
      </div>
      <form className="audit-filters" role="search" onSubmit={search}>
        {filters.map(({ name, ...input }) => (
          <Field key={name} {...input} autoComplete="off" value={values[name] ?? ""} onChange={(value) => setValues({ ...values, [name]: value })} />
        ))}
        <button type="submit" className="primary">Search</button>
      </form>
      {problem && <ErrorNote problem={problem} onRetry={() => void load(null)} />}
      {!records && !problem && <div className="skeletons" aria-label="Loading"><div /><div /></div>}
      {records && records.length === 0 && (
        <div className="empty">
          <h2>{isFiltered ? "No record fits" : "Nothing has happened yet"}</h2>
          <p>{isFiltered ? "Change the filters: each must fit as a whole." : "Whatever somebody changes, or tries to, is recorded here."}</p>
        </div>
      )}
      {records && records.length > 0 && (
        <div className="scroll" role="region" aria-label="Records" tabIndex={0}>
          <table>
            <thead>
              <tr><th>Number</th><th>Time</th><th>Actor</th><th>Account</th><th>Action</th><th>Result</th><th>Address</th><th>Target</th><th>Change</th></tr>
            </thead>
            <tbody>
              {records.map((record) => (
                <tr key={record.number} data-record={record.number}>
                  <td>{record.number}</td>
                  <td><time dateTime={record.at}>{new Date(record.at).toLocaleString()}</time></td>
                  <td title={record.tokenId ?? "without a token"}>{record.actor} <span className="fine">{record.role}</span></td>
                  <td>{record.account}</td>
                  <td>{record.action}</td>
                  <td className={record.result === "ok" || record.result === "unchanged" ? "" : "refused"} title={`Request ${record.requestId}`}>{record.result}</td>
                  <td>{record.remoteAddress}</td>
                  <td className="target">{record.target}</td>
                  <td><Change before={record.before} after={record.after} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next && <button type="button" className="more" onClick={() => void load(next)}>Load more</button>}
    </main>
  );
}

/** What differs between the state before and after; all of it where there was none before. */
function Change({ before, after }: Pick<AuditRecord, "before" | "after">) {
  const names = Object.keys({ ...before, ...after }).filter((name) => before?.[name] !== after?.[name]);
  const shown = (value: unknown) => (value === undefined || value === null ? "–" : String(value));
  return <>{names.map((name) => `${name}: ${before ? `${shown(before[name])} → ` : ""}${shown(after?.[name])}`).join(", ")}</>;
}
