import type { Choice } from "../api/types";

/** A choice of one out of a few, each with what speaks for it. */
export function Choices({ legend, name, items, value, onChange }: {
  legend: string; name: string; items: Choice[]; value: string; onChange: (id: string) => void;
}) {
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div className="choices">
        {items.map((item) => (
          <label key={item.id} className="choice">
            <input type="radio" name={name} value={item.id} checked={value === item.id} onChange={() => onChange(item.id)} />
            <span>
              <strong>{item.name}</strong>
              <small>{item.description}</small>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
