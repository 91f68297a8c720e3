using System.Text.Json;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>OpenAI's release of GPT-1: one flat vector cut into <c>params_0.npy</c>, <c>params_1.npy</c>, …, with the shapes in <c>params_shapes.json</c>.</summary>
/// <remarks>The parts carry no names; their order is fixed (openai/finetune-transformer-lm, <c>train.py</c>): positions, tokens, then twelve per block. Named here as Hugging Face names them, matrices [in, out].</remarks>
internal sealed class Gpt1Release : ITensorSource
{
    /// <summary>File that marks such a folder.</summary>
    public const string ShapesFileName = "params_shapes.json";

    private const long MaxShapesLength = 1 << 20;
    private const int MaxPieceCount = 1000;

    private static readonly string[] Head = ["positions_embed.weight", "tokens_embed.weight"];

    private static readonly string[] Block =
    [
        "attn.c_attn.weight", "attn.c_attn.bias", "attn.c_proj.weight", "attn.c_proj.bias", "ln_1.weight", "ln_1.bias",
        "mlp.c_fc.weight", "mlp.c_fc.bias", "mlp.c_proj.weight", "mlp.c_proj.bias", "ln_2.weight", "ln_2.bias",
    ];

    private readonly SortedDictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _starts = new(StringComparer.Ordinal);
    private readonly List<NumpyArray> _pieces = [];

    private Gpt1Release()
    {
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Number of blocks.</summary>
    public int LayerCount => (_tensors.Count - Head.Length) / Block.Length;

    /// <summary>Opens the release's <c>params_shapes.json</c> and the pieces beside it.</summary>
    /// <exception cref="ConfigException">A file is missing or damaged, or shapes and numbers do not add up.</exception>
    public static Gpt1Release Open(string shapesPath)
    {
        var shapes = ReadShapes(shapesPath);
        if (shapes.Count < Head.Length + Block.Length || (shapes.Count - Head.Length) % Block.Length != 0)
        {
            throw new ConfigException($"{shapesPath}: lists {shapes.Count} shapes; GPT-1's release has {Head.Length} and {Block.Length} for every block.");
        }

        var release = new Gpt1Release();
        try
        {
            var total = release.NameTensors(shapesPath, shapes);
            release.OpenPieces(shapesPath, total);
            return release;
        }
        catch
        {
            release.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void CopyRangeTo(string name, long start, Span<float> destination)
    {
        if (!_tensors.TryGetValue(name, out var info)) throw new ArgumentException($"There is no tensor `{name}`.", nameof(name));
        info.RequireRange(name, start, destination.Length);
        var position = _starts[name] + start;
        foreach (var piece in _pieces)
        {
            if (destination.Length == 0) return;
            if (position < piece.Count)
            {
                var part = destination[..(int)Math.Min(destination.Length, piece.Count - position)];
                piece.CopyRangeTo(position, part);
                destination = destination[part.Length..];
                position += part.Length;
            }

            position -= piece.Count;
        }
    }

    /// <summary>Closes all pieces.</summary>
    public void Dispose()
    {
        foreach (var piece in _pieces) piece.Dispose();
    }

    private long NameTensors(string path, List<long[]> shapes)
    {
        var total = 0L;
        for (var i = 0; i < shapes.Count; i++)
        {
            var name = i < Head.Length ? Head[i] : $"h.{(i - Head.Length) / Block.Length}.{Block[(i - Head.Length) % Block.Length]}";
            // The convolutions of width 1 have a first dimension of 1.
            var shape = shapes[i] is [1, _, _] ? shapes[i][1..] : shapes[i];
            if (ShapeProduct.Of(shape) is not { } count || total > long.MaxValue / 64 - count) throw new ConfigException($"{path}: the shape [{string.Join(", ", shape)}] is impossible.");
            _tensors.Add(name, new TensorInfo(TensorType.F32, shape));
            _starts.Add(name, total);
            total += count;
        }

        return total;
    }

    private void OpenPieces(string shapesPath, long total)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(shapesPath))!;
        for (var i = 0; i < MaxPieceCount && File.Exists(Piece(folder, i)); i++) _pieces.Add(NumpyArray.Open(Piece(folder, i)));
        var stored = _pieces.Sum(piece => piece.Count);
        if (stored != total)
        {
            throw new ConfigException($"{folder}: {_pieces.Count} files params_N.npy hold {stored} numbers, but {ShapesFileName} needs {total}. Fetch the missing or damaged ones again (GPT-1's release has params_0.npy to params_9.npy).");
        }
    }

    private static string Piece(string folder, int index) => Path.Combine(folder, $"params_{index}.npy");

    private static List<long[]> ReadShapes(string path)
    {
        using var file = MappedFile.Open(path);
        if (file.Length > MaxShapesLength) throw new ConfigException($"{path}: {file.Length} bytes are no list of shapes; at most {MaxShapesLength} are read.");
        try
        {
            var shapes = JsonSerializer.Deserialize<List<long[]>>(file.Read(0, (int)file.Length));
            return shapes is not null && shapes.All(shape => shape is { Length: <= 8 }) ? shapes : throw new ConfigException($"{path}: a list of shapes is expected.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new ConfigException($"{path}: not a valid list of shapes ({e.Message}).", e);
        }
    }
}
