import JSON
import Testing

@testable import ClusterSimulator

struct PodSecurityTests {
    private static func spec(_ container: JSONValue, _ pod: JSONValue = [:]) -> JSONValue {
        var named = container
        named["name"] = "c"
        var spec = pod
        spec["containers"] = [named]
        return spec
    }

    private static let careful: JSONValue = [
        "securityContext": [
            "allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]], "runAsNonRoot": true,
            "seccompProfile": ["type": "RuntimeDefault"],
        ]
    ]

    @Test func `a careful pod runs at every level`() {
        for level in [nil, "privileged", "baseline", "restricted"] {
            #expect(PodSecurity.violation(of: PodSecurityTests.spec(PodSecurityTests.careful), level: level) == nil)
        }
    }

    @Test func `what the baseline forbids is said in the real words`() {
        let bold = PodSecurityTests.spec(
            [
                "securityContext": ["privileged": true, "capabilities": ["add": ["NET_ADMIN", "CHOWN"]]],
                "ports": [["containerPort": 80, "hostPort": 80]],
            ],
            ["hostNetwork": true, "volumes": [["name": "root", "hostPath": ["path": "/"]]]])
        #expect(
            PodSecurity.violation(of: bold, level: "baseline")
                == "violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true), hostPath volumes (volume \"root\"), "
                + "hostPort (container \"c\" uses hostPort 80), privileged (container \"c\" must not set securityContext.privileged=true), "
                + "non-default capabilities (container \"c\" must not include \"NET_ADMIN\" in securityContext.capabilities.add)")
        #expect(PodSecurity.violation(of: bold, level: "privileged") == nil)
    }

    @Test func `an ordinary pod runs at the baseline and not restricted`() {
        let ordinary = PodSecurityTests.spec([:])
        #expect(PodSecurity.violation(of: ordinary, level: "baseline") == nil)
        #expect(PodSecurity.violation(of: ordinary, level: "restricted")?.contains("runAsNonRoot != true") == true)
    }

    @Test func `a volume of the node is refused by its type`() {
        let volume = PodSecurityTests.spec(PodSecurityTests.careful, ["volumes": [["name": "root", "hostPath": ["path": "/"]]]])
        #expect(
            PodSecurity.violation(of: volume, level: "restricted")
                == "violates PodSecurity \"restricted:latest\": restricted volume types (volume \"root\" uses restricted volume type \"hostPath\")"
        )
    }
}

struct CronScheduleTests {
    private static func isDue(_ text: String, _ time: String) throws -> Bool {
        let schedule = try #require(CronSchedule(text))
        let date = try #require(Clock.date(time))
        return schedule.isDue(at: date)
    }

    @Test(arguments: [
        ("*/5 * * * *", "2026-11-23T10:05:00Z", true), ("*/5 * * * *", "2026-11-23T10:06:00Z", false),
        ("0 3 * * *", "2026-11-23T03:00:00Z", true), ("0 3 * * *", "2026-11-23T04:00:00Z", false),
        ("0 0 1 * 1", "2026-11-23T00:00:00Z", true), ("0 0 1 * 1", "2026-11-01T00:00:00Z", true),
        ("0 0 1 * 1", "2026-11-24T00:00:00Z", false), ("15,45 9-17 * * 1-5", "2026-11-23T09:45:00Z", true),
        ("15,45 9-17 * * 1-5", "2026-11-22T09:45:00Z", false), ("@hourly", "2026-11-23T09:00:00Z", true),
        ("0 0 * * 7", "2026-11-22T00:00:00Z", true),
    ])
    func `a schedule is due at its minutes`(schedule: String, time: String, isDue: Bool) throws {
        let found = try CronScheduleTests.isDue(schedule, time)
        #expect(found == isDue)
    }

    @Test(arguments: ["", "* * * *", "60 * * * *", "*/0 * * * *", "5-1 * * * *", "a * * * *", "@never"])
    func `what is no schedule is none`(text: String) {
        #expect(CronSchedule(text) == nil)
    }
}
