import Foundation
import Postgres
import Repository
import Services

/// `store-platform audit …`: for those who look after the audit log. Needs nothing of the environment but DATABASE_URL.
struct AuditCommand {
    static let usage = """
        usage: store-platform audit checkpoint              print what the log ends with, as one line to be kept elsewhere
               store-platform audit verify [--checkpoint FILE]
                                                            walk the whole chain; FILE has lines that “checkpoint” printed

               store-platform audit archive                 move months older than STORE_PLATFORM_AUDIT_RETENTION (months) into
                                                            files in STORE_PLATFORM_AUDIT_ARCHIVE; needs the owner's rights

        verify ends with 0 where the log is whole, 1 where it is not, 69 where it could not be looked at.

        """

    private enum Verb { case checkpoint, verify(file: String?), archive }
    private let verb: Verb

    /// Nil where the arguments are none of these.
    init?(arguments: [String]) {
        switch arguments {
        case ["checkpoint"]: verb = .checkpoint
        case ["archive"]: verb = .archive
        case ["verify"]: verb = .verify(file: nil)
        case _ where arguments.count == 3 && arguments.starts(with: ["verify", "--checkpoint"]): verb = .verify(file: arguments[2])
        default: return nil
        }
    }

    /// - Returns: what the process is to end with.
    func run() async -> Int32 {
        guard let url = ProcessInfo.processInfo.environment["DATABASE_URL"], !url.isEmpty else {
            complain("DATABASE_URL is missing: postgresql://user:password@host/database")
            return 78
        }
        var settings = PostgresConfiguration(url: url)
        settings.applicationName = "store-platform audit"
        settings.maximumConnections = 1
        settings.statementTimeout = .seconds(60)
        let pool = ConnectionPool(configuration: settings)
        let status = if case .archive = verb { await archive(pool) } else { await perform(AuditVerification(pool: pool)) }
        await pool.close()
        return status
    }

    private func perform(_ verification: AuditVerification) async -> Int32 {
        do {
            switch verb {
            case .checkpoint: print(try await verification.checkpoint().text)
            case .archive: break
            case .verify(let file): try await verify(verification, file: file)
            }
            return 0
        } catch let broken as BrokenLink {
            complain(broken.description)
            return 1
        } catch let disarmed as DisarmedTrigger {
            complain(disarmed.description)
            return 1
        } catch {
            complain("The log could not be looked at: \(error)")
            return 69
        }
    }

    private func verify(_ verification: AuditVerification, file: String?) async throws {
        let checkpoints = try file.map { try AuditCheckpoint.read(try String(contentsOfFile: $0, encoding: .utf8)) } ?? []
        let start = ContinuousClock.now
        let report = try await verification.run(checkpoints: checkpoints)
        let seconds = start.duration(to: .now).milliseconds
        var text = "Whole: \(report.records) records, numbers \(report.base.number + 1) to \(report.head.number)"
        if report.records == 0 { text = "Whole: no records" }
        text += ", \(Double(seconds) / 1000) s"
        if file != nil { text += "; \(report.checkpointsCompared) checkpoints agree" }
        if report.checkpointsOfArchives > 0 {
            text += ", \(report.checkpointsOfArchives) lie within archives: compare them with the files"
        }
        print("\(text).")
        if checkpoints.isEmpty {
            print("Without a checkpoint from elsewhere a log that was written anew as a whole would look the same.")
        }
    }

    private func archive(_ pool: ConnectionPool) async -> Int32 {
        let environment = ProcessInfo.processInfo.environment
        guard let text = environment["STORE_PLATFORM_AUDIT_RETENTION"], !text.isEmpty else {
            print("STORE_PLATFORM_AUDIT_RETENTION is not set: everything stays in the database.")
            return 0
        }
        guard let months = Int(text), (1...1200).contains(months), let path = environment["STORE_PLATFORM_AUDIT_ARCHIVE"],
            !path.isEmpty
        else {
            complain(
                "STORE_PLATFORM_AUDIT_RETENTION must be 1 to 1200 months, and STORE_PLATFORM_AUDIT_ARCHIVE a directory that is there"
            )
            return 78
        }
        do {
            let files = try await AuditArchive(pool: pool, directory: URL(fileURLWithPath: path), months: months).run()
            print(
                files.isEmpty ? "No month is older than \(months) months." : "Moved: \(files.map(\.path).joined(separator: ", "))")
            return 0
        } catch {
            complain("Nothing further was moved: \(error)")
            return error is BrokenLink ? 1 : 69
        }
    }

    private func complain(_ text: String) {
        FileHandle.standardError.write(Data("store-platform audit: \(text)\n".utf8))
    }
}
