using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Scripting;
using Microsoft.CodeAnalysis.Scripting.Hosting;
using ResearchKit.Core;
using ResearchKit.Notebooks.Engines;
using DiagnosticSeverity = ResearchKit.Notebooks.Engines.DiagnosticSeverity;

namespace ResearchKit.Kernel.Engines;

/// <summary>C# cells, on Roslyn's scripting: each cell is a submission that sees the earlier ones.</summary>
/// <param name="references">Full paths of the assemblies that cells may use, the framework's included.</param>
internal sealed class CSharpEngine(IEnumerable<string> references) : ILanguageEngine, IDisposable
{
    /// <summary>What every cell may use without its namespace.</summary>
    internal static readonly string[] Imports =
        ["System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Text", "System.Threading", "System.Threading.Tasks", "ResearchKit.Notebooks", "ResearchKit.Notebooks.CellFunctions"];

    private static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.Latest, DocumentationMode.Parse, SourceCodeKind.Script);

    private readonly InteractiveAssemblyLoader _loader = new();
    // Made when first needed: opening two hundred files would delay the kernel's answer that it is there.
    private readonly Lazy<List<MetadataReference>> _lazyReferences = new(() => [.. references.Select(path => MetadataReference.CreateFromFile(path))], LazyThreadSafetyMode.PublicationOnly);
    private readonly List<string> _ran = [];
    private ScriptState<object>? _state;
    private CSharpAssistance? _assistance;

    public string Language => "csharp";

    private List<MetadataReference> References => _lazyReferences.Value;

    public IReadOnlyList<EngineVariable> Variables => _state is null
        ? []
        : [.. _state.Variables.GroupBy(variable => variable.Name, StringComparer.Ordinal).Select(group => group.Last()).Select(variable => new EngineVariable(variable.Name, variable.Type, variable.Value))];

    private CSharpAssistance Assistance => _assistance ??= new(ParseOptions, Imports);

    public void WarmUp()
    {
        if (_state is null) Run(new CellCode("Enumerable.Range(0, 2).Select(i => $\"{i}\").Last()", "warm-up.csx"), CancellationToken.None);
    }

    /// <summary>Starts what completion needs, which takes seconds the first time.</summary>
    public void WarmUpAssistance() => Complete(new CellCode("Math.", "warm-up.csx"), 5);

    public CellOutcome Run(CellCode code, CancellationToken cancellation)
    {
        var options = ScriptOptions.Default.WithReferences(References).WithImports(Imports).WithLanguageVersion(LanguageVersion.Latest)
            .WithMetadataResolver(NoResolver.Instance).WithFilePath(code.FileName).WithFileEncoding(Encoding.UTF8).WithEmitDebugInformation(true).WithOptimizationLevel(OptimizationLevel.Release)
            .WithAllowUnsafe(true);
        // Imports go on from one submission to the next; giving them again would only slow the lookup.
        var script = _state is null ? CSharpScript.Create<object>(code.Text, options, globalsType: null, _loader) : _state.Script.ContinueWith<object>(code.Text, options.WithImports([]));
        var diagnostics = script.Compile(cancellation).Select(Diagnostic).ToList();
        if (diagnostics.Exists(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)) return new CellOutcome { Diagnostics = diagnostics };
        var compilation = script.GetCompilation();
        if (EndsTheProcess(compilation) is { } exit) return new CellOutcome { Diagnostics = [.. diagnostics, exit] };

        _state = CellThreadContext.Run(
            () => _state is null ? script.RunAsync(null, _ => true, cancellation) : script.RunFromAsync(_state, _ => true, cancellation), cancellation);
        _ran.Add(code.Text);
        return new CellOutcome { Diagnostics = diagnostics, Exception = _state.Exception, HasValue = _state.Exception is null && HasValue(compilation, _state.ReturnValue), Value = _state.ReturnValue };
    }

    public void AddReference(string path)
    {
        References.Add(MetadataReference.CreateFromFile(path));
        // Otherwise Roslyn would load a second copy into a context of its own, and the types would differ from F#'s.
        if (AssemblyLoadContext.Default.Assemblies.FirstOrDefault(assembly => assembly.Location == path) is { } loaded) _loader.RegisterDependency(loaded);
    }

    public void Set(string name, object? value, Type type)
    {
        if (!SyntaxFacts.IsValidIdentifier(name)) throw new ConfigException($"{name} is no C# name. Share it under another one: #!share {name} --from … --as NAME.");
        SharedValues.Put(name, value);
        var declared = CSharpTypeName.Of(type == typeof(object) && value is not null ? value.GetType() : type);
        var outcome = Run(new CellCode($"{declared} @{name} = ({declared})global::ResearchKit.Notebooks.Engines.SharedValues.Take(\"{name}\");", "share.csx"), CancellationToken.None);
        if (outcome.DidNotCompile) throw new ConfigException($"C# can't hold {name} of type {type}: {string.Join("; ", outcome.Diagnostics.Select(found => found.Message))}");
        if (outcome.Exception is { } error) throw new ConfigException($"C# can't hold {name}: {error.Message}", error);
    }

    public Completions Complete(CellCode code, int position) => Assistance.Complete(References, _ran, code.Text, position);

    public string? Describe(CellCode code, int position) => Assistance.Describe(References, _ran, code.Text, position);

    public IReadOnlyList<CellDiagnostic> Check(CellCode code)
    {
        var options = ScriptOptions.Default.WithReferences(References).WithImports(Imports).WithLanguageVersion(LanguageVersion.Latest).WithMetadataResolver(NoResolver.Instance).WithAllowUnsafe(true);
        var script = _state is null ? CSharpScript.Create<object>(code.Text, options, globalsType: null, _loader) : _state.Script.ContinueWith<object>(code.Text, options.WithImports([]));
        return [.. script.GetCompilation().GetDiagnostics().Where(diagnostic => diagnostic.Severity >= Microsoft.CodeAnalysis.DiagnosticSeverity.Warning).Select(Diagnostic)];
    }

    public IReadOnlyList<CellDiagnostic> CheckSyntax(CellCode code) =>
        [.. CSharpSyntaxTree.ParseText(code.Text, ParseOptions, code.FileName).GetDiagnostics().Where(found => found.Severity == Microsoft.CodeAnalysis.DiagnosticSeverity.Error).Select(Diagnostic)];

    public Completeness IsComplete(CellCode code)
    {
        var tree = CSharpSyntaxTree.ParseText(code.Text, ParseOptions);
        if (!SyntaxFactory.IsCompleteSubmission(tree)) return Completeness.Incomplete;
        return tree.GetDiagnostics().Any(diagnostic => diagnostic.Severity == Microsoft.CodeAnalysis.DiagnosticSeverity.Error) ? Completeness.Invalid : Completeness.Complete;
    }

    public void Dispose()
    {
        _assistance?.Dispose();
        _loader.Dispose();
    }

    private static CellDiagnostic Diagnostic(Diagnostic found)
    {
        var span = found.Location.GetMappedLineSpan();
        var severity = found.Severity switch
        {
            Microsoft.CodeAnalysis.DiagnosticSeverity.Error => DiagnosticSeverity.Error,
            Microsoft.CodeAnalysis.DiagnosticSeverity.Warning => DiagnosticSeverity.Warning,
            _ => DiagnosticSeverity.Information,
        };
        return new CellDiagnostic(severity, found.Id, found.GetMessage(System.Globalization.CultureInfo.InvariantCulture), span.StartLinePosition.Line + 1, span.StartLinePosition.Character + 1);
    }

    // A cell's value is its last expression when no semicolon follows it.
    private static bool HasValue(Compilation compilation, object? value)
    {
        var tree = compilation.SyntaxTrees.Single();
        var last = tree.GetCompilationUnitRoot().Members.LastOrDefault();
        if (last is not GlobalStatementSyntax { Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true } statement }) return value is not null;
        return compilation.GetSemanticModel(tree).GetTypeInfo(statement.Expression).Type?.SpecialType != SpecialType.System_Void;
    }

    private static CellDiagnostic? EndsTheProcess(Compilation compilation)
    {
        var tree = compilation.SyntaxTrees.Single();
        SemanticModel? model = null;
        foreach (var call in tree.GetRoot().DescendantNodes().OfType<InvocationExpressionSyntax>())
        {
            if (call.Expression.ToString().Split('.')[^1] is not ("Exit" or "FailFast")) continue;
            model ??= compilation.GetSemanticModel(tree);
            if (model.GetSymbolInfo(call).Symbol is not IMethodSymbol { ContainingType: { Name: "Environment", ContainingNamespace.Name: "System" } } method) continue;
            var place = call.GetLocation().GetMappedLineSpan().StartLinePosition;
            return new CellDiagnostic(DiagnosticSeverity.Error, "RK0001", $"Environment.{method.Name} would end the kernel and lose all variables; the cell was not run. Use the notebook's Restart or Shutdown, or `return`.", place.Line + 1, place.Character + 1);
        }

        return null;
    }

    // Roslyn's own #r loads into a private context: the kernel takes #r lines out and loads into the default one (see References).
    private sealed class NoResolver : MetadataReferenceResolver
    {
        public static readonly NoResolver Instance = new();

        public override bool Equals(object? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => 0;

        public override System.Collections.Immutable.ImmutableArray<PortableExecutableReference> ResolveReference(string reference, string? baseFilePath, MetadataReferenceProperties properties) => [];
    }
}
