import HTTP
import JSON
import Services

/// `/livez`, `/readyz`, `/metrics`: for those who run the service.
struct HealthRoutes: Sendable {
    let services: APIServices

    /// Whether the process works at all; never depends on anything else.
    func live(_ request: Request) async throws -> Response { .text("ok\n") }

    /// Whether it can do its work now.
    func ready(_ request: Request) async throws -> Response {
        guard let reason = await services.unreadiness() else { return .text("ok\n") }
        throw Problem(.serviceUnavailable, code: "not_ready", detail: reason, retryAfter: 1)
    }

    /// In the text format of Prometheus.
    func metrics(_ request: Request) async throws -> Response {
        var text = ""
        for gauge in services.gauges() {
            text += "# HELP \(gauge.name) \(gauge.help)\n# TYPE \(gauge.name) gauge\n\(gauge.name) \(gauge.value)\n"
        }
        text += "# HELP store_platform_stores Stores by phase.\n# TYPE store_platform_stores gauge\n"
        for (phase, count) in try await services.stores.counts() { text += "store_platform_stores{phase=\"\(phase)\"} \(count)\n" }
        return .text(text).with("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
    }
}
