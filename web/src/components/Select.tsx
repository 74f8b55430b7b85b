import { useId, type ReactNode } from "react";

/** A choice of one out of many, with its name, and what helps to make it. */
export function Select({ label, help, value, fault, children, onChange }: {
  label: string; help: string; value: string; fault?: string; children: ReactNode; onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} aria-invalid={!!fault} aria-describedby={`${id}help`} onChange={(event) => onChange(event.target.value)}>
        {children}
      </select>
      <small id={`${id}help`} className={fault ? "fault" : ""}>{fault ?? help}</small>
    </div>
  );
}
