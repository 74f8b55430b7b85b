package import HTTP
package import Stores

/// How people get in besides by tokens.
package struct SignInSettings: Sendable {
    /// Whether browsers reach the service by TLS: the cookie is then sent by nothing else.
    package var isSecure = false
    /// Whose forwarded headers are believed.
    package var trustedProxies: [AddressRange] = []
    /// Without any, nobody signs in by a proxy.
    package var proxyRoles: [ProxyRole] = []

    package init() {}

    var cookie: SessionCookie { SessionCookie(isSecure: isSecure) }

    /// Whom a trusted proxy vouches for.
    /// - Throws: `StoreError` `.withoutRole`; `.unauthenticated` where it says two things.
    func principal(vouchedForIn request: Request) throws(StoreError) -> Principal? {
        guard !proxyRoles.isEmpty, trustedProxies.contains(where: { $0.contains(request.remoteAddress) }) else { return nil }
        let users = request.headers.values(of: "X-Forwarded-User").filter { !$0.isEmpty }
        guard let user = users.first else { return nil }
        guard users.count == 1, let name = SignInSettings.name(user) else { throw .unauthenticated }
        let groups = request.headers.values(of: "X-Forwarded-Groups").joined(separator: ",").split(separator: ",").map { group in
            String(group.drop { $0 == " " })
        }
        guard let principal = ProxyRole.principal(name, of: Set(groups), by: proxyRoles) else { throw .withoutRole(name: name) }
        return principal
    }

    /// As it may stand in the audit log and on a page.
    private static func name(_ text: String) -> String? {
        do throws(StoreName.Fault) { return try StoreName.checked(text) } catch { return nil }
    }
}

/// The cookie of a session. Scripts cannot read it, and no other site's page can have it sent.
struct SessionCookie: Sendable {
    let isSecure: Bool

    /// The prefix makes browsers take it by TLS and from this host alone (RFC 6265bis); over plain HTTP they would not take it at all.
    private var name: String { isSecure ? "__Host-store-platform" : "store-platform" }

    /// Nil where none is sent.
    /// - Throws: `StoreError` `.unauthenticated` for two of them, or one that is none of ours.
    func secret(in request: Request) throws(StoreError) -> String? {
        let field = request.headers.values(of: "Cookie").joined(separator: ";")
        let pairs = field.split(separator: ";").map { pair in pair.drop { $0 == " " } }
        let values = pairs.filter { $0.hasPrefix("\(name)=") }.map { $0.dropFirst(name.utf8.count + 1) }
        guard let value = values.first else { return nil }
        guard values.count == 1, value.utf8.count == 64 else { throw .unauthenticated }
        return String(value)
    }

    func field(_ secret: String, lifetime: Int) -> String {
        "\(name)=\(secret); Path=/; Max-Age=\(lifetime); HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    var ended: String { field("", lifetime: 0) }
}
