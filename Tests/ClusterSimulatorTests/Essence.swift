import JSON

/// What two answers to one request must have in common, whoever gave them: everything but ids, times, versions, generated names and
/// addresses.
enum Essence {
    private static let volatile: Set<String> = [
        "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "continue", "time", "lastTransitionTime",
        "lastUpdateTime", "lastProbeTime", "clusterIP", "clusterIPs", "startTime", "completionTime", "startedAt", "finishedAt",
        "firstTimestamp", "lastTimestamp", "eventTime", "hostIP", "hostIPs", "podIP", "podIPs", "nodeName", "containerID",
        "imageID",
        "serverAddressByClientCIDRs", "gitCommit", "buildDate", "goVersion",
        "storageVersionHash", "ca.crt",
    ]

    /// Fields whose values name something that was generated.
    private static let generated: Set<String> = [
        "pod-template-hash", "controller-revision-hash", "currentRevision", "updateRevision",
    ]

    static func of(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            return .object(
                JSONObject(
                    object.members.compactMap { member -> JSONObject.Member? in
                        if volatile.contains(member.key) { return nil }
                        if generated.contains(member.key), member.value.string != nil { return (member.key, "GENERATED") }
                        if member.key == "managedFields" { return callers(member.value).map { (member.key, $0) } }
                        // A tag of the image that was found, which need not be the one that was asked for.
                        if member.key == "image", object["imageID"] != nil { return nil }
                        // What that kubelet made of no limit at all.
                        if member.key == "limits", member.value == ["memory": "9007199254740988Ki"] { return nil }
                        return (text(member.key), of(member.value))
                    }))
        case .array(let items): return .array(items.map(of))
        case .string(let string): return .string(text(string))
        default: return value
        }
    }

    /// The entries of callers. The cluster's own components own fields too, which the simulator does not write down.
    private static func callers(_ entries: JSONValue) -> JSONValue? {
        let components: Set<String> = ["kube-controller-manager", "kube-scheduler", "kubelet"]
        let kept = (entries.array ?? []).filter { !components.contains($0["manager"]?.string ?? "") }
        return kept.isEmpty ? nil : .array(kept.map(of).sorted { $0.text < $1.text })
    }

    /// Ids, generated names and addresses inside a text, replaced by what they are.
    private static func text(_ string: String) -> String {
        var result: [UInt8] = []
        let bytes = Array(string.utf8)
        var index = 0
        var before = UInt8(ascii: " ")
        while index < bytes.count {
            if isUUID(bytes[index...].prefix(36)) {
                result += "UID".utf8
                index += 36
                continue
            }
            let word = bytes[index...].prefix(while: isLowerCaseOrDigit)
            if word.isEmpty {
                result.append(bytes[index])
                before = bytes[index]
                index += 1
                continue
            }
            result += isGenerated(word, after: before) ? Array("GENERATED".utf8) : Array(word)
            before = UInt8(ascii: "a")
            index += word.count
        }
        return String(decoding: result, as: UTF8.self).replacing("GENERATED-GENERATED", with: "GENERATED")
            .replacing("simulator-0", with: "node1").replacing("default-scheduler-simulator", with: "default-scheduler-vm")
    }

    /// A hash of a template, the end of a pod's or an event's name.
    private static func isGenerated(_ word: ArraySlice<UInt8>, after before: UInt8) -> Bool {
        switch (before, word.count) {
        case (UInt8(ascii: "-"), 5), (UInt8(ascii: "-"), 10): word.allSatisfy(lettersOfNames.contains)
        case (UInt8(ascii: "-"), 8...9): word.allSatisfy(lettersOfNames.contains) && word.contains { $0 < 0x3A }
        case (UInt8(ascii: "."), 16): word.allSatisfy(hexadecimal.contains)
        default: false
        }
    }

    private static let lettersOfNames = Set("bcdfghjklmnpqrstvwxz0123456789".utf8)
    private static let hexadecimal = Set("0123456789abcdef".utf8)

    private static func isLowerCaseOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isUUID(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count == 36, bytes[bytes.startIndex + 8] == UInt8(ascii: "-") else { return false }
        return bytes.enumerated().allSatisfy { index, byte in
            [8, 13, 18, 23].contains(index) ? byte == UInt8(ascii: "-") : hexadecimal.contains(byte)
        }
    }

    /// Where two answers differ, a line each, at most ten.
    static func differences(wanted: JSONValue, got: JSONValue, at path: String = "") -> [String] {
        if wanted == got { return [] }
        if let one = wanted.object, let other = got.object {
            let keys = one.keys + other.keys.filter { one[$0] == nil }
            return Array(
                keys.flatMap { key -> [String] in
                    switch (one[key], other[key]) {
                    case (let value?, nil): ["\(path).\(key): missing, wanted \(short(value))"]
                    case (nil, let value?): ["\(path).\(key): not wanted: \(short(value))"]
                    case (let value?, let found?): differences(wanted: value, got: found, at: "\(path).\(key)")
                    case (nil, nil): []
                    }
                }.prefix(10))
        }
        if let one = wanted.array, let other = got.array, one.count == other.count {
            return Array(
                one.indices.flatMap { differences(wanted: one[$0], got: other[$0], at: "\(path)[\($0)]") }.prefix(10))
        }
        return ["\(path): wanted \(short(wanted)), got \(short(got))"]
    }

    private static func short(_ value: JSONValue) -> String {
        let text = value.text
        return text.count > 160 ? text.prefix(160) + "…" : text
    }
}
