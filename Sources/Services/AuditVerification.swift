package import Foundation
import JSON
package import Postgres
package import Repository

/// What the audit log ended with at a moment. Kept where the database's owner cannot reach it, it proves later that the log up to there
/// is what it was.
package struct AuditCheckpoint: Sendable, Hashable {
    package let link: AuditLink
    package let at: Date

    package init(link: AuditLink, at: Date) {
        self.link = link
        self.at = at
    }

    /// One line of JSON.
    package var text: String {
        let value: JSONValue = [
            "number": .integer(link.number), "hash": .string(link.hexadecimalHash), "at": .string(RFC3339.milliseconds(at)),
        ]
        return value.text
    }

    /// A file to which lines of `text` were added in the course of time.
    /// - Throws: `Unreadable` with the number of the line.
    package static func read(_ text: String) throws(Unreadable) -> [AuditLink] {
        var links: [AuditLink] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where !line.allSatisfy(\.isWhitespace) {
            let value: JSONValue
            do { value = try JSONValue(parsing: Array(line.utf8)) } catch { throw Unreadable(line: index + 1) }
            guard let number = value["number"]?.integer, let digits = value["hash"]?.string, digits.utf8.count == 64,
                let hash = Bytea(postgresText: "\\x" + digits)
            else { throw Unreadable(line: index + 1) }
            links.append(AuditLink(number: number, hash: hash.bytes))
        }
        return links
    }

    package struct Unreadable: Error, CustomStringConvertible {
        let line: Int
        package var description: String {
            "Line \(line) is no checkpoint. It must be as `store-platform audit checkpoint` printed it: one JSON object."
        }
    }
}

extension AuditLink {
    package var hexadecimalHash: String { String(Bytea(hash).postgresText.dropFirst(2)) }
}

/// Walks the chain of the audit log in pages and finds the first place where it does not hold.
package struct AuditVerification: Sendable {
    private let pool: ConnectionPool
    private let pageLength: Int

    package init(pool: ConnectionPool, pageLength: Int = 20_000) {
        self.pool = pool
        self.pageLength = pageLength
    }

    /// What was found whole.
    package struct Report: Sendable {
        package let records: Int
        /// Where the chain begins here: behind what was archived.
        package let base: AuditLink
        package let head: AuditLink
        package let checkpointsCompared: Int
        /// Of records within archives, so that only the files can be compared with them.
        package let checkpointsOfArchives: Int
    }

    package func checkpoint() async throws -> AuditCheckpoint {
        let head = try await read { db in try AuditChainRepository.extent(on: db).head }
        return AuditCheckpoint(link: head, at: Date())
    }

    /// - Parameter checkpoints: as kept elsewhere.
    /// - Throws: the first `BrokenLink`; `PostgresError`.
    package func run(checkpoints: [AuditLink] = []) async throws -> Report {
        let (base, extent) = try await read { db in (try AuditChainRepository.base(on: db), try AuditChainRepository.extent(on: db))
        }
        if let first = extent.first, first <= base.number { throw BrokenLink(number: first, .beforeBeginning) }
        var link = base
        let last = extent.last ?? base.number
        while link.number < last {
            let from = link
            let through = min(last, from.number + pageLength)
            link = try await read { db in
                if let broken = try AuditChainRepository.firstBroken(after: from, through: through, on: db) { throw broken }
                let reached = try AuditChainRepository.last(through: through, on: db)
                guard let reached, reached.number == through else {
                    throw BrokenLink(number: (reached?.number ?? from.number) + 1, .missing)
                }
                return reached
            }
        }
        if link.number < extent.head.number { throw BrokenLink(number: link.number + 1, .truncated) }
        if link.number > extent.head.number { throw BrokenLink(number: extent.head.number + 1, .behindHead) }
        if link != extent.head { throw BrokenLink(number: link.number, .head) }
        let compared = try await compare(checkpoints, head: extent.head)
        if let trigger = try await read({ db in try AuditChainRepository.disarmedTriggers(on: db) }).first {
            throw DisarmedTrigger(name: trigger)
        }
        return Report(
            records: link.number - base.number, base: base, head: extent.head, checkpointsCompared: compared,
            checkpointsOfArchives: checkpoints.count - compared)
    }

    /// - Returns: how many could be compared.
    private func compare(_ checkpoints: [AuditLink], head: AuditLink) async throws -> Int {
        var compared = 0
        for checkpoint in checkpoints.sorted(by: { $0.number < $1.number }) {
            if checkpoint.number > head.number { throw BrokenLink(number: head.number + 1, .checkpointMissing) }
            guard let found = try await read({ db in try AuditChainRepository.find(checkpoint.number, on: db) }) else { continue }
            if found != checkpoint { throw BrokenLink(number: checkpoint.number, .checkpoint) }
            compared += 1
        }
        return compared
    }

    private func read<Value: Sendable>(_ body: @Sendable @escaping (isolated Connection) throws -> Value) async throws -> Value {
        try await pool.transaction { db in
            try db.executeScript("SET TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ")
            try AuditChainRepository.setSearchPath(on: db)
            return try body(db)
        }
    }
}

/// The chain holds, but nothing would keep a change from being made now.
package struct DisarmedTrigger: Error, CustomStringConvertible {
    let name: String
    package var description: String {
        "The chain is whole, but the trigger \(name) is disabled or gone: somebody has prepared to change the log. Find out who, and enable it again."
    }
}

extension BrokenLink: CustomStringConvertible {
    package var description: String {
        let name = "number \(number)" + (id.map { " (id \($0))" } ?? "")
        return switch difference {
        case .fields: "Broken at \(name): its fields do not give its hash. A field, its time or its hash was changed."
        case .previous:
            "Broken at \(name): it does not carry the hash of the record before it. That one was changed and hashed again."
        case .missing: "Broken at \(name): there is no such record. It was deleted, or its partition was dropped."
        case .doubled: "Broken at \(name): there are two records of this number. One was inserted."
        case .beforeBeginning:
            "Broken at \(name): the record lies before the chain's beginning. It was inserted, or kept after it was archived."
        case .archiveMissing:
            "Broken at \(name): no archive begins with it, and a later one is said to have been made. The log's beginning was deleted, or an archive's row."
        case .archiveUnrecorded:
            "Broken at \(name): the records up to it are said to be in an archive, and the log does not tell that it was made. They were deleted."
        case .truncated: "Broken at \(name): the log ends before it, its head does not. The end was cut off."
        case .behindHead: "Broken at \(name): the record lies behind the log's head. It was inserted, or the head was set back."
        case .head: "Broken at \(name): the log's head has another hash for it. The end or the head was written anew."
        case .checkpoint: "Broken at or before \(name): a checkpoint has another hash for it. The log was written anew up to there."
        case .checkpointMissing:
            "Broken at \(name): the log ends before it, a checkpoint goes further. The end was cut off, or an older copy was restored."
        }
    }
}
