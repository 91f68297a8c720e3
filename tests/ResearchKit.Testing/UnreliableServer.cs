using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ResearchKit.Testing;

/// <summary>How the server answers one request.</summary>
public enum Answer
{
    /// <summary>The range that was asked for, or the whole file.</summary>
    Honest,

    /// <summary>The right length, but the connection is reset half way.</summary>
    Drop,

    /// <summary>A length that is too large; the connection closes after the file.</summary>
    PromiseTooMuch,

    /// <summary>A length that is too small, and that many bytes.</summary>
    PromiseTooLittle,

    /// <summary>The whole file with status 200, whatever the range.</summary>
    IgnoreRange,

    /// <summary>Bytes of the right length that are not the file's.</summary>
    Corrupt,

    /// <summary>Status 503.</summary>
    Busy,

    /// <summary>Status 429.</summary>
    TooManyRequests,

    /// <summary>Status 403.</summary>
    Forbidden,

    /// <summary>Status 206 with another range than asked for.</summary>
    OtherRange,

    /// <summary>The right length, half of the bytes, and then nothing until the client gives up.</summary>
    FallSilent,
}

/// <summary>An HTTP server on sockets, so that it can break the protocol.</summary>
public sealed class UnreliableServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Dictionary<string, byte[]> _files;
    private readonly ConcurrentQueue<Answer> _answers;

    public UnreliableServer(Dictionary<string, byte[]> files, params Answer[] answers)
    {
        (_files, _answers) = (files, new(answers));
        _listener.Start();
        Base = new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/raw/");
        _ = Task.Run(AcceptAsync);
    }

    public Uri Base { get; }

    /// <summary>ETag of a path; null sends none.</summary>
    public Func<string, string?> EtagOf { get; init; } = _ => null;

    /// <summary>Address that a path leads to; null serves the path.</summary>
    public Func<string, string?> RedirectOf { get; init; } = _ => null;

    /// <summary>Checksum of what a path leads to, told beside the redirect as hubs do; null tells none.</summary>
    public Func<string, string?> LinkedEtagOf { get; init; } = _ => null;

    /// <summary>Path and Authorization header of every request; null where it had none.</summary>
    public ConcurrentQueue<(string Path, string? Authorization)> Authorizations { get; } = new();

    /// <summary>Path and first byte asked for, request by request.</summary>
    public ConcurrentQueue<(string Path, int From)> Requests { get; } = new();

    public void Dispose() => _listener.Stop();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await ServeAsync(client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        var stream = client.GetStream();
        var request = new StringBuilder();
        var buffer = new byte[4096];
        while (!request.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer);
            if (count == 0) return;
            request.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        var lines = request.ToString().Split("\r\n");
        var path = lines[0].Split(' ')[1]["/raw/".Length..].Split('?')[0];
        var range = lines.FirstOrDefault(l => l.StartsWith("Range:", StringComparison.OrdinalIgnoreCase));
        var from = range is null ? 0 : int.Parse(range.Split('=')[1].TrimEnd('-'), CultureInfo.InvariantCulture);
        Requests.Enqueue((path, from));
        Authorizations.Enqueue((path, lines.FirstOrDefault(l => l.StartsWith("Authorization:", StringComparison.OrdinalIgnoreCase))?.Split(':', 2)[1].Trim()));
        if (RedirectOf(path) is { } address)
        {
            var linked = LinkedEtagOf(path) is { } checksum ? $"X-Linked-Etag: \"{checksum}\"\r\n" : "";
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 302 Found\r\nLocation: {address}\r\n{linked}Content-Length: 0\r\nConnection: close\r\n\r\n"));
            return;
        }

        var answer = _answers.TryDequeue(out var scripted) ? scripted : Answer.Honest;

        if (!_files.TryGetValue(path, out var file)) await WriteAsync("404 Not Found", [], 0);
        else if (answer == Answer.Busy) await WriteAsync("503 Service Unavailable", [], 0);
        else if (answer == Answer.TooManyRequests) await WriteAsync("429 Too Many Requests", [], 0);
        else if (answer == Answer.Forbidden) await WriteAsync("403 Forbidden", [], 0);
        else if (answer == Answer.Corrupt) await WriteAsync("200 OK", new byte[file.Length], file.Length);
        else if (answer == Answer.OtherRange) await WriteAsync("206 Partial Content", file[1..], file.Length - 1, $"bytes 1-{file.Length - 1}/{file.Length}");
        else
        {
            var rest = answer == Answer.IgnoreRange ? file : file[from..];
            var (status, contentRange) = from > 0 && answer != Answer.IgnoreRange ? ("206 Partial Content", $"bytes {from}-{file.Length - 1}/{file.Length}") : ("200 OK", null);
            var (body, length) = answer switch
            {
                Answer.Drop or Answer.FallSilent => (rest[..(rest.Length / 2)], rest.Length),
                Answer.PromiseTooMuch => (rest, rest.Length + 1000),
                Answer.PromiseTooLittle => (rest[..(rest.Length / 3)], rest.Length / 3),
                _ => (rest, rest.Length),
            };
            await WriteAsync(status, body, length, contentRange);
            if (answer == Answer.FallSilent) _ = await stream.ReadAsync(buffer);                            // ends when the client closes the connection
        }

        async Task WriteAsync(string status, byte[] body, int length, string? contentRange = null)
        {
            if (lines[0].StartsWith("HEAD ", StringComparison.Ordinal)) body = [];
            var etag = EtagOf(path) is { } tag ? $"ETag: \"{tag}\"\r\n" : "";
            var head = $"HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{etag}" + (contentRange is null ? "" : $"Content-Range: {contentRange}\r\n") + "\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
            await stream.WriteAsync(body);
            await stream.FlushAsync();
        }
    }
}
