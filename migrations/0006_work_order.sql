-- A claim finds what became due lately without reading past every row that was finished while somebody held a snapshot open.
CREATE INDEX work_by_due ON work (due_at);
