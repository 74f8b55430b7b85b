package import Foundation
import Glibc
import JSON
package import Postgres
import Repository
import Stores

/// Moves months of the audit log that are older than the retention into files, each with its part of the chain. A file is on the disk, and has
/// been read back, before its month is dropped.
package struct AuditArchive: Sendable {
    private let pool: ConnectionPool
    private let directory: URL
    private let months: Int

    /// - Parameter months: how many whole months stay beside the present one.
    package init(pool: ConnectionPool, directory: URL, months: Int) {
        self.pool = pool
        self.directory = directory
        self.months = months
    }

    /// The month does not lie at the chain's beginning, or not in one piece: nothing was moved.
    package struct NotInOnePiece: Error, CustomStringConvertible {
        let month: AuditArchiveRepository.Month
        let base: Int
        package var description: String {
            "\(month.partition) has \(month.records) records, numbers \(month.first) to \(month.last), and the chain begins at \(base + 1): it cannot be moved out alone. Run “store-platform audit verify”; where that finds the log whole, an adjoining month is older than it looks, and a greater retention moves both later."
        }
    }

    /// Two at once would write the same files.
    package struct AlreadyRunning: Error, CustomStringConvertible {
        package var description: String {
            "Another “audit archive” is under way in this database. Wait for it to end, and run this one again if it is still needed."
        }
    }

    /// What is on the disk is not what was sent there.
    package struct ReadOtherwise: Error, CustomStringConvertible {
        let file: URL
        package var description: String {
            "\(file.path) does not read as it was written: the disk, or another program, has changed it. Its month is still in the database. Look after the disk, or choose another directory, and run this again."
        }
    }

    /// - Returns: the files that were written.
    /// - Throws: `BrokenLink`: a chain that does not hold is left as it is. `AlreadyRunning`.
    package func run() async throws -> [URL] {
        // Its one connection holds the lock, and lets go of it when the process ends, however it does.
        var configuration = pool.configuration
        configuration.maximumConnections = 1
        let turn = ConnectionPool(configuration: configuration)
        let result: Result<[URL], any Error>
        do {
            guard try await turn.withConnection({ db in try AuditArchiveRepository.takeTurn(on: db) }) else {
                throw AlreadyRunning()
            }
            result = .success(try await moveAll())
        } catch {
            result = .failure(error)
        }
        await turn.close()
        return try result.get()
    }

    private func moveAll() async throws -> [URL] {
        var files: [URL] = []
        while true {
            let months = months
            let (month, base) = try await pool.withConnection { db in
                (try AuditArchiveRepository.oldest(endedMonthsAgo: months, on: db), try AuditChainRepository.base(on: db))
            }
            guard let month else { return files }
            guard month.first == base.number + 1, month.records == month.last - month.first + 1 else {
                throw NotInOnePiece(month: month, base: base.number)
            }
            files.append(try await move(month, base))
        }
    }

    private func move(_ month: AuditArchiveRepository.Month, _ base: AuditLink) async throws -> URL {
        let file = directory.appendingPathComponent("\(month.partition).jsonl")
        let (last, hash) = try await write(month, base, to: file)
        guard try AuditArchive.sha256(of: file) == hash else { throw ReadOtherwise(file: file) }
        let after: JSONValue = [
            "firstNumber": .integer(month.first), "lastNumber": .integer(month.last), "lastHash": .string(last.hexadecimalHash),
            "file": .string(file.lastPathComponent),
            "fileSha256": .string(AuditLink(number: 0, hash: hash).hexadecimalHash),
        ]
        let record = AuditRecord(
            principal: .platform, remoteAddress: "-", requestID: "-", action: "audit.archive", target: month.partition,
            after: JSONB(text: after.text))
        try await pool.transaction { db in
            try AuditArchiveRepository.replace(
                month, lastHash: last.hash, by: file.lastPathComponent, fileHash: hash, record, on: db)
        }
        return file
    }

    /// Writes the month beside its place, and puts it there once it is on the disk.
    /// - Returns: the last link that was written, and the SHA-256 of all that was.
    private func write(
        _ month: AuditArchiveRepository.Month, _ base: AuditLink, to file: URL
    ) async throws -> (last: AuditLink, hash: [UInt8]) {
        let partial = file.appendingPathExtension("partial")
        try Data().write(to: partial)
        let handle = try FileHandle(forWritingTo: partial)
        let digest = RunningDigest()
        var link = base
        while link.number < month.last {
            let from = link
            let (lines, reached) = try await pool.withConnection { db in
                let lines = try AuditArchiveRepository.lines(after: from.number, through: month.last, limit: 5000, on: db)
                let through = lines.last?.number ?? month.last
                if let broken = try AuditChainRepository.firstBroken(after: from, through: through, on: db) { throw broken }
                guard let reached = try AuditChainRepository.last(through: through, on: db), reached.number > from.number else {
                    throw BrokenLink(number: from.number + 1, .missing)
                }
                return (lines, reached)
            }
            let text = Data(lines.map { $0.line + "\n" }.joined().utf8)
            try handle.write(contentsOf: text)
            digest.add(text)
            link = reached
        }
        try handle.synchronize()
        try handle.close()
        guard rename(partial.path, file.path) == 0 else { throw CocoaError(.fileWriteUnknown) }
        try AuditArchive.synchronizeDirectory(directory)
        return (link, digest.finish())
    }

    /// A file's name is on the disk once its directory is (fsync(2)).
    private static func synchronizeDirectory(_ directory: URL) throws {
        let descriptor = open(directory.path, O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { throw CocoaError(.fileReadUnknown) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    private static func sha256(of file: URL) throws -> [UInt8] {
        let digest = RunningDigest()
        digest.add(try Data(contentsOf: file, options: .alwaysMapped))
        return digest.finish()
    }
}
