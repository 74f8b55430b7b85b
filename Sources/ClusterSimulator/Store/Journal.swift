import Foundation
import JSON

/// The state on disk: a line for each change, written before the change is acknowledged, so that a kill at any moment loses none.
///
/// Opening reads it, drops a line that was cut in the middle, and writes it anew with only what is there.
struct Journal {
    private let file: FileHandle

    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: `Unreadable` where the file is not ours to read.
    static func open(path: String, into state: inout ClusterState) throws -> Journal {
        if let data = FileManager.default.contents(atPath: path) {
            for line in data.split(separator: UInt8(ascii: "\n")) {
                let entry: JSONValue
                do {
                    entry = try JSONValue(parsing: line)
                } catch {
                    guard line.endIndex == data.endIndex else {
                        throw Unreadable(description: "The state file \(path) is damaged: \(error).")
                    }
                    break  // the last line, cut by a kill: it had not been acknowledged
                }
                apply(entry, to: &state)
            }
        }
        let compacted = path + ".new"
        var bytes: [UInt8] = []
        for key in state.allKeys {
            if let object = state[key] { bytes += entry(object, kind: key.kind, isRemoval: false) }
        }
        guard FileManager.default.createFile(atPath: compacted, contents: Data(bytes)) else {
            throw Unreadable(description: "The state file \(compacted) cannot be written.")
        }
        guard rename(compacted, path) == 0, let file = FileHandle(forWritingAtPath: path) else {
            throw Unreadable(description: "The state file \(path) cannot be replaced.")
        }
        try file.seekToEnd()
        return Journal(file: file)
    }

    private static func apply(_ entry: JSONValue, to state: inout ClusterState) {
        guard let kind = entry["kind"]?.string, let object = entry["object"] else { return }
        if entry["removed"]?.bool == true {
            let key = ObjectKey(kind: kind, namespace: object.namespace, name: object.name)
            state.restoreRemoval(key, version: object.resourceVersion)
        } else {
            state.restore(object, kind: kind)
        }
    }

    private static func entry(_ object: JSONValue, kind: String, isRemoval: Bool) -> [UInt8] {
        var entry: JSONValue = ["kind": .string(kind)]
        if isRemoval { entry["removed"] = true }
        entry["object"] = object
        return entry.bytes + [UInt8(ascii: "\n")]
    }

    func append(_ change: Change, _ key: ObjectKey) {
        file.write(Data(Journal.entry(change.object, kind: key.kind, isRemoval: change.type == .deleted)))
    }
}
