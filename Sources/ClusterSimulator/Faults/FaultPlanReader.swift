import JSON

/// A plan in JSON: `{"seed": 7, "rules": [{"fault": "unavailable", "probability": 0.3, "match": {"verb": "patch"}}]}`.
struct FaultPlanReader {
    /// A sentence for each thing that is wrong.
    private(set) var faults: [String] = []

    mutating func read(_ json: JSONValue) -> FaultPlan {
        guard json.object != nil else {
            faults.append("The plan must be a JSON object with “seed” and “rules”.")
            return FaultPlan()
        }
        checkKeys(of: json, allowed: ["seed", "rules"], where: "The plan")
        let seed = json["seed"]?.integer ?? 0
        if let given = json["seed"], given.integer == nil || seed < 0 { faults.append("“seed” must be a whole number from 0.") }
        var rules: [FaultPlan.Rule] = []
        if let given = json["rules"], given.array == nil { faults.append("“rules” must be an array.") }
        for (number, rule) in (json["rules"]?.array ?? []).enumerated() {
            if let rule = read(rule, "Rule \(number + 1)") { rules.append(rule) }
        }
        return FaultPlan(seed: UInt64(max(0, seed)), rules: rules)
    }

    private mutating func read(_ json: JSONValue, _ place: String) -> FaultPlan.Rule? {
        checkKeys(
            of: json,
            allowed: ["fault", "probability", "match", "count", "retryAfter", "milliseconds", "to", "distribution", "after"],
            where: place)
        func whole(_ name: String) -> Int? { json[name]?.integer }
        let fault: Fault
        switch json["fault"]?.string {
        case "latency": fault = .latency(0)
        case "tooManyRequests": fault = .tooManyRequests(retryAfter: whole("retryAfter") ?? 1)
        case "internalError": fault = .internalError
        case "unavailable": fault = .unavailable(retryAfter: whole("retryAfter"))
        case "resetBefore": fault = .resetBefore
        case "resetAfter": fault = .resetAfter
        case "truncate": fault = .truncate
        case "watchCut": fault = .watchCut(after: Double(whole("after") ?? 0) / 1000)
        case "watchExpired": fault = .watchExpired
        case "expiredList": fault = .expiredList
        default:
            faults.append(
                "\(place): “fault” must be one of latency, tooManyRequests, internalError, unavailable, resetBefore, resetAfter, truncate, watchCut, watchExpired, expiredList."
            )
            return nil
        }
        var rule = FaultPlan.Rule(fault: fault)
        if case .latency = fault { rule.delay = delay(json, place) }
        if let probability = json["probability"] {
            rule.probability = probability.number ?? -1
            if !(0...1).contains(rule.probability) { faults.append("\(place): “probability” must be a number from 0 to 1.") }
        }
        if let count = json["count"] {
            rule.count = count.integer
            if count.integer ?? -1 < 0 { faults.append("\(place): “count” must be a whole number from 0.") }
        }
        for name in ["retryAfter", "after", "milliseconds", "to"] where json[name] != nil && json[name]?.number ?? -1 < 0 {
            faults.append("\(place): “\(name)” must be a number from 0.")
        }
        if let match = json["match"] {
            checkKeys(of: match, allowed: ["verb", "resource", "method", "path"], where: "\(place): “match”")
            rule.verb = match["verb"]?.string
            rule.resource = match["resource"]?.string
            rule.method = match["method"]?.string
            rule.pathPrefix = match["path"]?.string
        }
        return rule
    }

    private mutating func delay(_ json: JSONValue, _ place: String) -> FaultPlan.Rule.Delay {
        let seconds = max(0, json["milliseconds"]?.number ?? 0) / 1000
        if json["milliseconds"] == nil { faults.append("\(place): “milliseconds” is missing.") }
        switch json["distribution"]?.string ?? "fixed" {
        case "fixed": return .fixed(seconds)
        case "exponential": return .exponential(mean: seconds)
        case "uniform":
            let upper = (json["to"]?.number ?? 0) / 1000
            guard upper >= seconds else {
                faults.append("\(place): “to” must not be less than “milliseconds”.")
                return .fixed(seconds)
            }
            return .uniform(seconds, upper)
        default:
            faults.append("\(place): “distribution” must be fixed, uniform or exponential.")
            return .fixed(seconds)
        }
    }

    private mutating func checkKeys(of json: JSONValue, allowed: Set<String>, where place: String) {
        for key in json.object?.keys ?? [] where !allowed.contains(key) {
            faults.append("\(place) has no “\(key)”. Known are: \(allowed.sorted().joined(separator: ", ")).")
        }
    }
}

extension FaultPlan {
    /// The plan as it was given, and how often each rule has struck.
    var json: JSONValue {
        [
            "seed": .integer(Int(clamping: seed)),
            "rules": .array(
                rules.indices.map { index in
                    let rule = rules[index]
                    var match: JSONValue = [:]
                    for (name, value) in [
                        ("verb", rule.verb), ("resource", rule.resource), ("method", rule.method), ("path", rule.pathPrefix),
                    ] {
                        if let value { match[name] = .string(value) }
                    }
                    var json: JSONValue = [
                        "fault": .string(rule.fault.name), "probability": .double(rule.probability), "match": match,
                        "applied": .integer(applied[index]),
                    ]
                    if let count = rule.count { json["count"] = .integer(count) }
                    return json
                }),
        ]
    }
}
