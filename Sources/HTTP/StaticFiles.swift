package import Foundation

/// Files of a directory that was built ahead: read once, sent compressed where the client takes it.
///
/// Names under `assets/` carry a hash of their content and may be kept for ever; everything else is asked for again each time. A path that
/// is no file is answered with `index.html`, which finds its own way.
package struct StaticFiles: Sendable {
    private struct File: Sendable {
        var type: String
        var plain: [UInt8] = []
        var brotli: [UInt8]?
        var gzip: [UInt8]?
    }

    private let files: [String: File]
    private let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// - Throws: where the directory cannot be read or has no `index.html`.
    package init(directory: URL) throws {
        var files: [String: File] = [:]
        let root = directory.resolvingSymlinksInPath().path
        guard
            let walk = FileManager.default.enumerator(
                at: directory.resolvingSymlinksInPath(), includingPropertiesForKeys: [.isRegularFileKey])
        else {
            throw CocoaError(.fileReadNoSuchFile)
        }
        while let url = walk.nextObject() as? URL {
            guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
            let name = String(url.path.dropFirst(root.count + 1))
            let bytes = Array(try Data(contentsOf: url))
            if name.hasSuffix(".br") {
                files[String(name.dropLast(3)), default: File(type: "")].brotli = bytes
            } else if name.hasSuffix(".gz") {
                files[String(name.dropLast(3)), default: File(type: "")].gzip = bytes
            } else {
                files[name, default: File(type: "")].plain = bytes
                files[name]?.type = StaticFiles.type(of: name)
            }
        }
        guard files["index.html"] != nil else { throw CocoaError(.fileReadNoSuchFile) }
        self.files = files
    }

    package func index(_ request: Request) async throws -> Response { try answer("index.html", request) }

    /// - Throws: `Problem` 404 for what is under `/api/` or `/assets/` and not there.
    package func file(_ request: Request) async throws -> Response {
        let path: String = try request.parameter("path")
        if files[path] != nil { return try answer(path, request) }
        guard !path.hasPrefix("api/"), !path.hasPrefix("assets/") else { throw Problem.notFound(request.path) }
        return try answer("index.html", request)
    }

    private func answer(_ name: String, _ request: Request) throws(Problem) -> Response {
        guard let file = files[name] else { throw .notFound(request.path) }
        let accepted = request.headers["Accept-Encoding"] ?? ""
        var response = Response(
            .ok, headers: ["Content-Type": file.type, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"])
        if accepted.contains("br"), let brotli = file.brotli {
            response.body = .bytes(brotli)
            response.headers["Content-Encoding"] = "br"
        } else if accepted.contains("gzip"), let gzip = file.gzip {
            response.body = .bytes(gzip)
            response.headers["Content-Encoding"] = "gzip"
        } else {
            response.body = .bytes(file.plain)
        }
        response.headers["Cache-Control"] = name.hasPrefix("assets/") ? "public, max-age=31536000, immutable" : "no-cache"
        if name == "index.html" {
            response.headers["Content-Security-Policy"] = contentSecurityPolicy
            response.headers["Referrer-Policy"] = "no-referrer"
        }
        return response
    }

    private static func type(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "svg": "image/svg+xml"
        case "json": "application/json"
        case "woff2": "font/woff2"
        case "png": "image/png"
        default: "application/octet-stream"
        }
    }
}
