using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using ResearchKit.Core;

namespace ResearchKit.Kernel.Jupyter;

/// <summary>Where a front end waits and with which key it signs; written by Jupyter for each kernel start.</summary>
internal sealed record ConnectionFile
{
    [JsonPropertyName("transport")]
    public string Transport { get; init; } = "tcp";

    [JsonPropertyName("ip")]
    public string Address { get; init; } = "127.0.0.1";

    [JsonPropertyName("shell_port")]
    public required int ShellPort { get; init; }

    [JsonPropertyName("iopub_port")]
    public required int PublishPort { get; init; }

    [JsonPropertyName("stdin_port")]
    public required int InputPort { get; init; }

    [JsonPropertyName("control_port")]
    public required int ControlPort { get; init; }

    [JsonPropertyName("hb_port")]
    public required int HeartbeatPort { get; init; }

    [JsonPropertyName("key")]
    public string Key { get; init; } = "";

    [JsonPropertyName("signature_scheme")]
    public string SignatureScheme { get; init; } = "hmac-sha256";

    /// <summary>Reads the file and refuses what would be unsafe or can't be served.</summary>
    /// <exception cref="ConfigException">Missing or damaged file, another transport, an address other machines reach, no key.</exception>
    public static ConnectionFile Read(string path)
    {
        ConnectionFile connection;
        try
        {
            connection = JsonSerializer.Deserialize<ConnectionFile>(File.ReadAllText(path)) ?? throw new ConfigException($"{path} is empty.");
        }
        catch (JsonException error)
        {
            throw new ConfigException($"{path} is no connection file: {error.Message}", error);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigException($"There is no connection file {path}; Jupyter writes it when it starts a kernel.", error);
        }

        if (connection.Transport != "tcp") throw new ConfigException($"{path}: transport ({connection.Transport}) must be tcp.");
        if (connection.SignatureScheme != "hmac-sha256") throw new ConfigException($"{path}: signature_scheme ({connection.SignatureScheme}) must be hmac-sha256.");
        if (connection.Key.Length == 0) throw new ConfigException($"{path}: the key is empty. Messages would not be signed, and any program of this machine could run code in the kernel.");
        var isLoopback = connection.Address == "localhost" || (IPAddress.TryParse(connection.Address, out var address) && IPAddress.IsLoopback(address));
        if (!isLoopback) throw new ConfigException($"{path}: ip ({connection.Address}) must be a loopback address. To work from another machine, run Jupyter there behind its own login, or use an SSH tunnel.");
        return connection;
    }

    /// <summary>Address of a port, as sockets take it.</summary>
    public string Endpoint(int port) => $"tcp://{(Address == "localhost" ? "127.0.0.1" : Address)}:{port}";
}
