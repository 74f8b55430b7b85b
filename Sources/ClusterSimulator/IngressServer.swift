import HTTP
import JSON

/// The way in from outside: answers for the hosts that the cluster's Ingresses name, in place of the shops.
struct IngressServer: Sendable {
    let cluster: Cluster

    func respond(to request: Request) async -> Response {
        let host = (request.headers["Host"] ?? "").split(separator: ":").first.map { $0.lowercased() } ?? ""
        let found = cluster.change { state -> (namespace: String, isReady: Bool)? in
            for ingress in state.objects(.ingress, in: nil) {
                guard let rule = ingress[path: "spec", "rules"]?.array?.first(where: { $0["host"]?.string == host }) else {
                    continue
                }
                return (ingress.namespace, state.hasReadyBackend(rule, in: ingress.namespace))
            }
            return nil
        }
        guard let found else {
            return page(.notFound, "No shop at this address", "No Ingress of the simulated cluster names the host “\(host)”.")
        }
        guard found.isReady else {
            return page(
                .serviceUnavailable, "This shop is not answering",
                "No pod behind its Service is ready (namespace \(found.namespace)).")
        }
        return page(
            .ok, "A simulated shop",
            "This page stands in for the shop in the namespace \(found.namespace). The cluster is a simulation: no engine runs behind it and nothing can be bought."
        )
    }

    private func page(_ status: Response.Status, _ title: String, _ text: String) -> Response {
        let html = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>\(IngressServer.escaped(title))</title>
            <style>body{font:18px/1.6 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem;color:#1f2933;background:#f7f5f2}
            h1{font-size:1.6rem}@media(prefers-color-scheme:dark){body{color:#e4e7eb;background:#17191c}}</style></head>
            <body><h1>\(IngressServer.escaped(title))</h1><p>\(IngressServer.escaped(text))</p></body></html>

            """
        return Response(
            status, headers: ["Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"],
            body: .bytes(Array(html.utf8)))
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

extension ClusterState {
    /// Whether a pod that the rule's Service selects is ready.
    fileprivate func hasReadyBackend(_ rule: JSONValue, in namespace: String) -> Bool {
        guard let name = rule[path: "http", "paths"]?.array?.first?[path: "backend", "service", "name"]?.string,
            let selector = object(.service, namespace, name)?[path: "spec", "selector"]?.object
        else { return false }
        return objects(.pod, in: namespace).contains { pod in
            ClusterState.isReady(pod) && selector.members.allSatisfy { pod.labels[$0.key] == $0.value }
        }
    }
}
