import CPostgres
import Dispatch
import Glibc

/// One session with PostgreSQL. Its calls block its own queue and nothing else; code that holds it cannot `await`, so a transaction
/// can never be held across a call to somewhere else.
package actor Connection {
    private let executor: QueueExecutor
    private var connection: OpaquePointer?
    private var prepared: [String: String] = [:]
    /// Set by an error after which the session must not be used again.
    private var isSpoilt = false
    nonisolated let canceller = Canceller()

    private static let maximumPrepared = 200

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Connects.
    /// - Throws: `.unreachable` with the server's words.
    init(_ configuration: PostgresConfiguration) async throws(PostgresError) {
        executor = QueueExecutor(label: "postgres")
        try open(configuration)
    }

    private func open(_ configuration: PostgresConfiguration) throws(PostgresError) {
        let parameters = configuration.parameters
        let keywords = CStrings(parameters.map(\.0))
        let values = CStrings(parameters.map(\.1))
        let connection = PQconnectdbParams(keywords.pointers, values.pointers, 1)
        guard PQstatus(connection) == CONNECTION_OK else {
            let reason = PQerrorMessage(connection).map { String(cString: $0) } ?? "out of memory"
            PQfinish(connection)
            throw PostgresError(.unreachable, "The database cannot be reached: \(reason.firstLine)")
        }
        self.connection = connection
        PQsetNoticeProcessor(connection, { _, _ in }, nil)  // notices would go to standard error; warnings have no reader here
        canceller.attach(to: connection)
    }

    isolated deinit {
        close()
    }

    // MARK: Statements

    /// Runs a statement and reads all of its rows.
    package func query(_ sql: SQL) throws(PostgresError) -> [Row] {
        let result = try run(sql)
        defer { PQclear(result) }
        let fields = PQnfields(result)
        var columns: [String: Int] = [:]
        for field in 0..<fields { columns[String(cString: PQfname(result, field))] = Int(field) }
        return (0..<PQntuples(result)).map { row in
            Row(
                columns: columns,
                values: (0..<fields).map { field in
                    guard PQgetisnull(result, row, field) == 0 else { return nil }
                    let bytes = UnsafeRawBufferPointer(
                        start: PQgetvalue(result, row, field), count: Int(PQgetlength(result, row, field)))
                    return String(decoding: bytes, as: UTF8.self)
                })
        }
    }

    /// Runs a statement.
    /// - Returns: how many rows it changed.
    @discardableResult package func execute(_ sql: SQL) throws(PostgresError) -> Int {
        let result = try run(sql)
        defer { PQclear(result) }
        return Int(String(cString: PQcmdTuples(result))) ?? 0
    }

    /// Runs a text of one or more statements, without bound values: migrations and session commands.
    package func executeScript(_ text: String) throws(PostgresError) {
        PQclear(try checked(PQexec(connection, text)))
    }

    private func run(_ sql: SQL) throws(PostgresError) -> OpaquePointer? {
        guard !sql.values.contains(where: { $0?.utf8.contains(0) ?? false }) else {
            throw PostgresError(.unencodable, "A text with a NUL in it cannot be stored.")
        }
        let name = try preparedName(of: sql)
        let values = CStrings(sql.values)
        return try checked(PQexecPrepared(connection, name, Int32(sql.values.count), values.pointers, nil, nil, 0))
    }

    private func preparedName(of sql: SQL) throws(PostgresError) -> String {
        let text = sql.text
        if let name = prepared[text] { return name }
        if prepared.count >= Connection.maximumPrepared {
            try executeScript("DEALLOCATE ALL")
            prepared = [:]
        }
        let name = "s\(prepared.count)"
        PQclear(try checked(PQprepare(connection, name, text, 0, nil)))
        prepared[text] = name
        return name
    }

    private func checked(_ result: OpaquePointer?) throws(PostgresError) -> OpaquePointer? {
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return result
        default: break
        }
        defer { PQclear(result) }
        func field(_ code: Character) -> String? {
            code.asciiValue.flatMap { PQresultErrorField(result, Int32($0)) }.map { String(cString: $0) }
        }
        let message = field("M") ?? PQerrorMessage(connection).map { String(cString: $0).firstLine } ?? "unknown"
        guard PQstatus(connection) == CONNECTION_OK else {
            isSpoilt = true
            throw PostgresError(.connectionLost, "The connection to the database broke: \(message)")
        }
        let state = SQLState(rawValue: field("C") ?? "XX000")
        isSpoilt = isSpoilt || state.spoilsConnection
        if state == .queryCanceled, canceller.wasCancelled { throw PostgresError(.cancelled, "The statement was cancelled.") }
        throw PostgresError(.server(state, constraint: field("n")), message)
    }

    // MARK: For the pool and the listener

    func perform<Value: Sendable>(_ body: @Sendable (isolated Connection) throws -> Value) throws -> Value {
        try body(self)
    }

    /// Runs the body between BEGIN and COMMIT; ROLLBACK when it throws.
    func performTransaction<Value: Sendable>(_ body: @Sendable (isolated Connection) throws -> Value) throws -> Value {
        try executeScript("BEGIN")
        let value: Value
        do {
            value = try body(self)
        } catch {
            if !isSpoilt { try executeScript("ROLLBACK") }
            throw error
        }
        try commit()
        return value
    }

    private func commit() throws(PostgresError) {
        let result: OpaquePointer?
        do throws(PostgresError) {
            result = try checked(PQexec(connection, "COMMIT"))
        } catch {
            guard error.kind == .connectionLost else { throw error }
            throw PostgresError(.commitUnknown, "The connection broke during COMMIT: whether it took effect is not known.")
        }
        defer { PQclear(result) }
        if String(cString: PQcmdStatus(result)) == "ROLLBACK" {
            throw PostgresError(.server(.inFailedTransaction, constraint: nil), "The transaction had failed and was rolled back.")
        }
    }

    /// Whether the session can be lent: not spoilt, not in a transaction, its socket still open.
    func isUsable() -> Bool {
        guard let connection, !isSpoilt, PQstatus(connection) == CONNECTION_OK, PQtransactionStatus(connection) == PQTRANS_IDLE
        else { return false }
        // A server that went away has left its last words to be read, and behind them an end-of-file.
        return PQconsumeInput(connection) == 1 && PQconsumeInput(connection) == 1 && PQstatus(connection) == CONNECTION_OK
    }

    func close() {
        canceller.detach()
        PQfinish(connection)
        connection = nil
        isSpoilt = true
    }

    /// Tells whenever the socket has something to read, on this connection's own queue, until the source is cancelled.
    ///
    /// The source has a descriptor of its own, closed once Dispatch has let go of it: libpq may close its own earlier, and the number
    /// would then be another file's.
    func readability(_ handler: @escaping @Sendable () -> Void) throws(PostgresError) -> ReadSource {
        let descriptor = fcntl(PQsocket(connection), F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else {
            throw PostgresError(.connectionLost, "The connection cannot be listened on: \(String(cString: strerror(errno))).")
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: executor.queue)
        source.setEventHandler(handler: handler)
        source.setCancelHandler { Glibc.close(descriptor) }
        source.resume()
        return ReadSource(source)
    }

    /// The notifications that have arrived.
    func notifications() throws(PostgresError) -> [(channel: String, payload: String)] {
        guard PQconsumeInput(connection) == 1 else {
            isSpoilt = true
            throw PostgresError(.connectionLost, "The listening connection broke.")
        }
        var all: [(String, String)] = []
        while let notification = PQnotifies(connection) {
            all.append((String(cString: notification.pointee.relname), String(cString: notification.pointee.extra)))
            PQfreemem(notification)
        }
        return all
    }
}

/// A Dispatch source that ends with its owner.
final class ReadSource: @unchecked Sendable {  // cancel() may be called from any thread; Linux does not say so
    private let source: any DispatchSourceRead

    init(_ source: any DispatchSourceRead) { self.source = source }

    func cancel() { source.cancel() }
}

/// C strings for the time of one call; nil is a NULL pointer. Ends with a NULL, as libpq's keyword lists must.
private final class CStrings {
    private(set) var pointers: [UnsafePointer<CChar>?] = []

    init(_ strings: [String?]) {
        pointers = strings.map { $0.flatMap { UnsafePointer(strdup($0)) } } + [nil]
    }

    deinit {
        for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) }
    }
}

extension String {
    fileprivate var firstLine: String { String(prefix { $0 != "\n" }) }
}
