namespace ResearchKit.FSharp.Tests

open System
open System.IO
open ResearchKit.Notebooks.Engines
open ResearchKit.Notebooks.FSharp
open Xunit

/// What must not compile, asked of the F# compiler itself; beside it the nearest thing that must.
type IllegalCombinationTests() =

    static let engine =
        lazy
            (let assemblies = [ "ResearchKit.Core"; "ResearchKit.Models"; "ResearchKit.Training"; "ResearchKit.Evaluation"; "ResearchKit.Experiments"; "ResearchKit.FSharp"; "ResearchKit.Notebooks"; "FSharp.Core" ]
             new FSharpEngine([ for name in assemblies -> Path.Combine(AppContext.BaseDirectory, name + ".dll") ]) :> ILanguageEngine)

    let errors (expression: string) =
        [ for found in engine.Value.Check(CellCode($"open ResearchKit.FSharp\nlet value =\n    {expression}", "cell.fsx")) do
              if found.Severity = DiagnosticSeverity.Error then found.Id ]

    [<Theory>]
    [<InlineData("ScoringRule.Choice(Ranking.Unconditional \"Answer:\")", "ScoringRule.Choice Ranking.Unconditional")>]
    [<InlineData("ScoringRule.Choice Ranking.PerToken", "ScoringRule.Choice GenerationMetric.ExactMatch")>]
    [<InlineData("ScoringRule.Generation(GenerationMetric.ExactMatch, 8<token>, [])", "ScoringRule.Generation(Ranking.PerToken, 8<token>, [])")>]
    [<InlineData("ScoringRule.Target TargetSpan.Whole", "ScoringRule.Target GenerationMetric.ExactMatch")>]
    [<InlineData("ScoringRule.Generation(GenerationMetric.ExactMatch, 8<token>, [])", "ScoringRule.Generation(GenerationMetric.ExactMatch, 8<step>, [])")>]
    [<InlineData("RunLength.Tokens 10L<token>", "RunLength.Tokens 10L<step>")>]
    [<InlineData("Train.config 10L<step> 4", "Train.config 10L<token> 4")>]
    [<InlineData("fun model -> 10.0<token> * ModelConfig.forwardFlops 8<token> model + 1.0<flop>", "fun model -> 10.0<step> * ModelConfig.forwardFlops 8<token> model + 1.0<flop>")>]
    [<InlineData("[ Regime.ZeroShot; Regime.FewShot 4 ]", "[ Regime.ZeroShot; Regime.FewShot ]")>]
    [<InlineData("Answer.OneOf([ \"yes\"; \"no\" ], 0)", "Answer.OneOf [ \"yes\"; \"no\" ]")>]
    [<InlineData("[ Pattern.Dense; Pattern.Local 64 ]", "[ Pattern.Dense; Pattern.Local ]")>]
    member _.``an illegal combination does not compile``(legal: string, illegal: string) =
        Assert.Empty(errors legal)
        // FS0001: types that do not fit. A name that nobody knows would be another error, and prove nothing.
        Assert.Contains("FS0001", errors illegal)
