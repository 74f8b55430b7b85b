/// One row of a result; its values are found by their column's name.
package struct Row: Sendable {
    let columns: [String: Int]
    /// In PostgreSQL's text format; nil is NULL.
    let values: [String?]

    /// - Throws: `PostgresError` `.decoding` where there is no such column, it is NULL, or it is no such value.
    package func decode<Value: PostgresDecodable>(_ column: String, as type: Value.Type = Value.self) throws(PostgresError) -> Value
    {
        guard let value = try decodeIfPresent(column, as: type) else {
            throw PostgresError(.decoding(column), "The column \(column) is NULL.")
        }
        return value
    }

    /// Nil where the column is NULL.
    package func decodeIfPresent<Value: PostgresDecodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value? {
        guard let index = columns[column] else { throw PostgresError(.decoding(column), "There is no column \(column).") }
        guard let text = values[index] else { return nil }
        guard let value = Value(postgresText: text) else {
            throw PostgresError(.decoding(column), "The column \(column) cannot be read as \(Value.self).")
        }
        return value
    }
}
