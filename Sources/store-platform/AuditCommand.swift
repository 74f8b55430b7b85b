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

        verify ends with 0 where the log is whole, 1 where it is not, 69 where it could not be looked at.

        """

    private enum Verb { case checkpoint, verify(file: String?) }
    private let verb: Verb

    /// Nil where the arguments are none of these.
    init?(arguments: [String]) {
        switch arguments {
        case ["checkpoint"]: verb = .checkpoint
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
        let status = await perform(AuditVerification(pool: pool))
        await pool.close()
        return status
    }

    private func perform(_ verification: AuditVerification) async -> Int32 {
        do {
            switch verb {
            case .checkpoint: print(try await verification.checkpoint().text)
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
        if report.checkpointsOfArchives > 0 { text += ", \(report.checkpointsOfArchives) are of records that have been archived" }
        print("\(text).")
        if checkpoints.isEmpty {
            print("Without a checkpoint from elsewhere a log that was written anew as a whole would look the same.")
        }
    }

    private func complain(_ text: String) {
        FileHandle.standardError.write(Data("store-platform audit: \(text)\n".utf8))
    }
}
