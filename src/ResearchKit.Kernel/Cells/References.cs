using System.Reflection;
using System.Runtime.Loader;
using ResearchKit.Core;
using ResearchKit.Notebooks.Engines;
using ResearchKit.Notebooks.FSharp;
using static System.FormattableString;

namespace ResearchKit.Kernel.Cells;

/// <summary>Assemblies of the session. Every assembly is loaded once, into the default context, whichever language asks: so a type is the same type in both.</summary>
internal sealed class References : IDisposable
{
    /// <summary>What cells may use without <c>#r</c>, beside the framework. Short, since each costs the F# compiler memory.</summary>
    private static readonly string[] Kit =
    [
        "ResearchKit.Core", "ResearchKit.Models", "ResearchKit.Training", "ResearchKit.Evaluation", "ResearchKit.Experiments", "ResearchKit.FSharp", "ResearchKit.Notebooks",
        "TorchSharp", "Plotly.NET", "DynamicObj", "Giraffe.ViewEngine", "FSharp.Core", "FsCheck",
    ];

    private static readonly Dictionary<string, string> Supplied = ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).DistinctBy(Path.GetFileNameWithoutExtension, StringComparer.OrdinalIgnoreCase)
        .ToDictionary(path => Path.GetFileNameWithoutExtension(path), StringComparer.OrdinalIgnoreCase);

    // One table and one set of handlers for the process, since the default context is one.
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, string> s_known = new(StringComparer.OrdinalIgnoreCase);
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, bool> s_roots = new(StringComparer.Ordinal);

    private readonly Action<string> _tell;
    private readonly HashSet<string> _added = new(Kit, StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _sources = [];
    private NuGetPackages? _packages;

    static References() => AssemblyLoadContext.Default.Resolving += (context, name) =>
        name.Name is { } simple && s_known.TryGetValue(simple, out var path) ? context.LoadFromAssemblyPath(path) : null;

    /// <summary>Makes the references of a session.</summary>
    /// <param name="tell">Called with the path of every new one; it tells the engines.</param>
    public References(Action<string> tell) => _tell = tell;

    /// <summary>Full paths of <see cref="Kit"/>.</summary>
    public static IReadOnlyList<string> KitPaths { get; } = [.. Kit.Where(Supplied.ContainsKey).Select(name => Supplied[name])];

    /// <summary>Full paths of the framework's assemblies.</summary>
    public static IReadOnlyList<string> FrameworkPaths { get; } = [.. Supplied.Values.Where(path => Path.GetDirectoryName(path) == Path.GetDirectoryName(typeof(object).Assembly.Location)).Order(StringComparer.Ordinal)];

    /// <summary>Adds an assembly or a package.</summary>
    /// <param name="target">What stands between the quotes of <c>#r</c>.</param>
    /// <param name="folder">Folder to which paths are relative.</param>
    /// <returns>What to tell the person; null for nothing.</returns>
    /// <exception cref="ConfigException">There is no such file or package.</exception>
    public string? Add(string target, string folder)
    {
        if (!target.StartsWith("nuget:", StringComparison.OrdinalIgnoreCase)) return AddFile(target, folder);
        var parts = target["nuget:".Length..].Split(',', StringSplitOptions.TrimEntries);
        if (parts[0].Length == 0) throw new ConfigException("#r \"nuget: NAME\" needs the name of a package, with a version where it matters: #r \"nuget: MathNet.Numerics, 5.0.0\".");
        if (Supplied.TryGetValue(parts[0], out var own))
        {
            Reference(own);
            var version = AssemblyName.GetAssemblyName(own).Version!.ToString(3);
            return parts.Length > 1 && !version.StartsWith(parts[1].TrimEnd('*', '.'), StringComparison.Ordinal) && !parts[1].StartsWith(version, StringComparison.Ordinal)
                ? $"{parts[0]} is supplied by the kernel, in version {version}, not {parts[1]}."
                : null;
        }

        _packages ??= new NuGetPackages(() => s_roots.Keys);
        List<(string, string)> lines = [.. _sources.Select(source => ("i", source)), ("r", string.Join(", ", parts))];
        var resolved = _packages.Resolve(lines.Select(line => (line.Item1, line.Item2)));
        foreach (var root in resolved.Roots) s_roots.TryAdd(root, true);
        // All are known before the first is loaded: they refer to one another.
        var fresh = resolved.Assemblies.Where(path => !Supplied.ContainsKey(Path.GetFileNameWithoutExtension(path))).ToList();
        foreach (var path in fresh) s_known.TryAdd(Path.GetFileNameWithoutExtension(path), path);
        foreach (var path in fresh) Load(path);
        return null;
    }

    /// <summary>Adds a package source, <c>#i "nuget: …"</c>.</summary>
    public void AddSource(string target)
    {
        if (!target.StartsWith("nuget:", StringComparison.OrdinalIgnoreCase)) throw new ConfigException($"#i \"{target}\" must name a package source: #i \"nuget: FOLDER-OR-URL\".");
        _sources.Add(target["nuget:".Length..].Trim());
    }

    public void Dispose() => (_packages as IDisposable)?.Dispose();

    private string? AddFile(string target, string folder)
    {
        if (Supplied.TryGetValue(target.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) ? target[..^4] : target, out var own))
        {
            Reference(own);
            return null;
        }

        var path = Path.GetFullPath(target, folder);
        if (!File.Exists(path)) throw new ConfigException($"#r \"{target}\": there is no file {path}. Paths are relative to the folder of the notebook; a package is written #r \"nuget: NAME\".");
        // Built outputs hold copies of the kit; the kernel's own are the ones that run.
        if (Supplied.TryGetValue(Path.GetFileNameWithoutExtension(path), out own))
        {
            Reference(own);
            return AssemblyName.GetAssemblyName(own).Version == NameOf(target, path).Version ? null : $"{Path.GetFileName(path)} is supplied by the kernel, in version {AssemblyName.GetAssemblyName(own).Version}; {path} was not loaded.";
        }

        foreach (var neighbour in Directory.EnumerateFiles(Path.GetDirectoryName(path)!, "*.dll")) s_known.TryAdd(Path.GetFileNameWithoutExtension(neighbour), neighbour);
        return Load(path);
    }

    private string? Load(string path)
    {
        var wanted = NameOf(path, path);
        Assembly loaded;
        try
        {
            loaded = AssemblyLoadContext.Default.Assemblies.FirstOrDefault(assembly => string.Equals(assembly.GetName().Name, wanted.Name, StringComparison.OrdinalIgnoreCase))
                ?? AssemblyLoadContext.Default.LoadFromAssemblyPath(path);
        }
        catch (Exception error) when (error is BadImageFormatException or FileLoadException)
        {
            throw new ConfigException($"#r \"{path}\" can't be loaded: {error.Message}", error);
        }

        Reference(loaded.Location);
        return loaded.GetName().Version is { } version && version < wanted.Version
            ? Invariant($"{wanted.Name} {version} was loaded earlier and stays; {wanted.Version} takes effect after a restart of the kernel.")
            : null;
    }

    private static AssemblyName NameOf(string target, string path)
    {
        try
        {
            return AssemblyName.GetAssemblyName(path);
        }
        catch (BadImageFormatException error)
        {
            throw new ConfigException($"#r \"{target}\" is no .NET assembly. Native libraries are found beside the assembly that uses them.", error);
        }
    }

    private void Reference(string path)
    {
        if (_added.Add(Path.GetFileNameWithoutExtension(path))) _tell(path);
    }
}
