import Foundation
import HTTP
import JSON

/// A list as `kubectl get` shows it: the server fills in the cells (meta.k8s.io/v1, `Table`).
struct Table {
    let kind: Kind
    /// What of each object goes along: its metadata unless something else is asked for.
    private let included: String

    /// Nil where no table is asked for.
    init?(_ request: Request, _ kind: Kind) {
        guard request.headers["Accept"]?.contains("as=Table") ?? false else { return nil }
        self.kind = kind
        included = request.query.first { $0.name == "includeObject" }?.value ?? "Metadata"
    }

    func document(of objects: [JSONValue], metadata: JSONValue, withColumns: Bool = true) -> JSONValue {
        let columns = TableColumn.of(kind)
        let definitions = columns.map { column -> JSONValue in
            [
                "name": .string(column.name), "type": .string(column.type),
                "format": .string(column.name == "Name" ? "name" : ""), "description": .string(column.name),
                "priority": .integer(column.isWide ? 1 : 0),
            ]
        }
        return [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "columnDefinitions": withColumns ? .array(definitions) : [], "rows": .array(objects.map { row($0, columns) }),
        ]
    }

    private func row(_ object: JSONValue, _ columns: [TableColumn]) -> JSONValue {
        var row: JSONValue = ["cells": .array(columns.map { $0.cell(object) })]
        switch included {
        case "None": break
        case "Object": row["object"] = object.named(kind)
        default:
            row["object"] = [
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] ?? [:],
            ]
        }
        return row
    }
}

extension JSONValue {
    /// The object as it goes out: with its kind and version before the rest.
    func named(_ kind: Kind) -> JSONValue {
        var members: [JSONObject.Member] = [("kind", .string(kind.name)), ("apiVersion", .string(kind.apiVersion))]
        members += (object?.members ?? []).filter { $0.key != "kind" && $0.key != "apiVersion" }
        return .object(JSONObject(members))
    }
}

/// A time span as kubectl writes it: the two largest units, fewer the longer it is (k8s.io/apimachinery, `HumanDuration`).
enum HumanDuration {
    static func since(_ timestamp: String?, now: Date = Date()) -> String {
        guard let timestamp, let date = Clock.date(timestamp) else { return "<unknown>" }
        return text(Int(now.timeIntervalSince(date)))
    }

    static func text(_ seconds: Int) -> String {
        let minutes = seconds / 60
        let hours = minutes / 60
        let days = hours / 24
        func two(_ large: Int, _ unit: String, _ small: Int, _ smallUnit: String) -> String {
            small == 0 ? "\(large)\(unit)" : "\(large)\(unit)\(small)\(smallUnit)"
        }
        switch seconds {
        case ..<0: return "0s"
        case ..<120: return "\(seconds)s"
        case ..<600: return two(minutes, "m", seconds % 60, "s")
        case ..<(3 * 3600): return "\(minutes)m"
        case ..<(8 * 3600): return two(hours, "h", minutes % 60, "m")
        case ..<(48 * 3600): return "\(hours)h"
        case ..<(8 * 86_400): return two(days, "d", hours % 24, "h")
        case ..<(2 * 365 * 86_400): return "\(days)d"
        case ..<(8 * 365 * 86_400): return two(days / 365, "y", days % 365, "d")
        default: return "\(days / 365)y"
        }
    }
}
