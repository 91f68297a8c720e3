using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Host.Mef;
using Microsoft.CodeAnalysis.QuickInfo;
using Microsoft.CodeAnalysis.Text;
using ResearchKit.Notebooks.Engines;

namespace ResearchKit.Kernel.Engines;

/// <summary>Completion and hover of C# cells, on a workspace whose projects are the cells that have run, each referring to the one before.</summary>
internal sealed class CSharpAssistance(CSharpParseOptions parseOptions, IEnumerable<string> imports) : IDisposable
{
    private readonly AdhocWorkspace _workspace = new(MefHostServices.Create(MefHostServices.DefaultAssemblies));
    private ProjectId? _last;
    private int _projectCount;

    public Completions Complete(IReadOnlyList<MetadataReference> references, IReadOnlyList<string> ran, string code, int position) => With(references, ran, code, document =>
    {
        var service = CompletionService.GetService(document) ?? throw new InvalidOperationException("Roslyn has no completion service; Microsoft.CodeAnalysis.CSharp.Features is missing.");
        var found = service.GetCompletionsAsync(document, position).GetAwaiter().GetResult();
        var word = code[found.Span.Start..position];
        var items = found.ItemsList
            .Where(item => item.FilterText.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            .OrderByDescending(item => item.FilterText.StartsWith(word, StringComparison.Ordinal)).ThenBy(item => item.SortText, StringComparer.Ordinal)
            .Select(item => new Notebooks.Engines.CompletionItem(item.DisplayText, item.Tags.FirstOrDefault("").ToLowerInvariant()))
            .DistinctBy(item => item.Text);
        return new Completions(found.Span.Start, position, [.. items]);
    });

    public string? Describe(IReadOnlyList<MetadataReference> references, IReadOnlyList<string> ran, string code, int position) => With(references, ran, code, document =>
    {
        var info = QuickInfoService.GetService(document)?.GetQuickInfoAsync(document, Math.Min(position, Math.Max(0, code.Length - 1))).GetAwaiter().GetResult();
        return info is null ? null : string.Join('\n', info.Sections.Select(section => section.Text).Where(text => text.Length > 0));
    });

    public void Dispose() => _workspace.Dispose();

    private T With<T>(IReadOnlyList<MetadataReference> references, IReadOnlyList<string> ran, string code, Func<Document, T> ask)
    {
        for (; _projectCount < ran.Count; _projectCount++) _last = Add(references, ran[_projectCount]).Project.Id;
        var document = Add(references, code);
        try
        {
            return ask(document);
        }
        finally
        {
            _workspace.TryApplyChanges(_workspace.CurrentSolution.RemoveProject(document.Project.Id));
        }
    }

    private Document Add(IReadOnlyList<MetadataReference> references, string code)
    {
        var id = ProjectId.CreateNewId();
        var options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, usings: _last is null ? imports : []);
        var project = ProjectInfo.Create(id, VersionStamp.Create(), $"cell{id.Id:N}", $"cell{id.Id:N}", LanguageNames.CSharp, isSubmission: true, compilationOptions: options, parseOptions: parseOptions,
            metadataReferences: references, projectReferences: _last is null ? [] : [new ProjectReference(_last)]);
        var document = DocumentInfo.Create(DocumentId.CreateNewId(id), "cell.csx", sourceCodeKind: SourceCodeKind.Script, loader: TextLoader.From(TextAndVersion.Create(SourceText.From(code), VersionStamp.Create())));
        _workspace.TryApplyChanges(_workspace.CurrentSolution.AddProject(project).AddDocument(document));
        return _workspace.CurrentSolution.GetDocument(document.Id)!;
    }
}
