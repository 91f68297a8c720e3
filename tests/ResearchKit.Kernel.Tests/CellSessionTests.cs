using ResearchKit.Kernel.Cells;

namespace ResearchKit.Kernel.Tests;

/// <summary>Cells of both languages in one session.</summary>
public sealed class CellSessionTests(SessionFixture session) : IClassFixture<SessionFixture>
{
    [Fact]
    public void TheLastExpressionIsTheValueInBothLanguages()
    {
        Assert.Equal("6", session.Value("let five = 5\nfive + 1"));
        Assert.Equal("14", session.Value("#!csharp\nvar seven = 7;\nseven * 2"));
        Assert.Equal("", session.Value("let six = 6"));
        Assert.Equal("", session.Value("#!csharp\nConsole.Write(1)"));
    }

    [Fact]
    public void ATensorIsSharedBothWaysAsTheSameObject()
    {
        session.Value("open TorchSharp\nlet shared = torch.zeros([| 2L; 3L |])");
        Assert.Equal("6", session.Value("#!csharp\n#!share shared --from fsharp\nshared.add_(1);\nshared.sum().item<float>()"));
        Assert.Equal("6", session.Value("shared.sum().item<float32>()"));
        session.Value("#!csharp\nvar made = TorchSharp.torch.ones(4);");
        session.Value("#!share made --from csharp --as taken\n#!fsharp\ntaken.mul_(torch.tensor(3.0f)) |> ignore");
        Assert.Equal("12", session.Value("#!csharp\nmade.sum().item<float>()"));
        Assert.Equal("true", session.Value("#!csharp\n#!share taken --from fsharp\nobject.ReferenceEquals(made, taken)"));
    }

    [Fact]
    public void AMagicWithoutCodeBehindItGivesToTheLanguageThatItStandsIn()
    {
        session.Value("let alone = 3");
        session.Value("#!csharp\n#!share alone --from fsharp");
        Assert.Equal("4", session.Value("#!csharp\nalone + 1"));
        session.Value("let together = 5\n#!csharp\n#!share together --from fsharp");
        Assert.Equal("6", session.Value("#!csharp\ntogether + 1"));
    }

    [Fact]
    public void SetGivesLiteralsAndValuesOfTheOtherLanguage()
    {
        session.Value("let eight = 8");
        Assert.Equal("8", session.Value("#!set --name huit --value @fsharp:eight\n#!csharp\nhuit"));
        Assert.Equal("text", session.Value("#!set --name words --value \"text\"\n#!csharp\nwords"));
    }

    [Fact]
    public void AnFSharpRecordReachesCSharpWithItsMembers()
    {
        session.Value("type Point = { X: int; Y: int }\nlet point = { X = 3; Y = 4 }");
        Assert.Equal("7", session.Value("#!csharp\n#!share point --from fsharp\npoint.X + point.Y"));
    }

    [Fact]
    public void ShareRefusesWhatTheOtherLanguageCannotHold()
    {
        session.Value("#!csharp\nrecord Pair(int A, int B);\nvar pair = new Pair(1, 2);\nvar anonymous = new { A = 1 };\nstring nothing = null;");
        Assert.Contains("a type that a C# cell defines", session.Failure("#!share pair --from csharp").Message, StringComparison.Ordinal);
        Assert.Contains("anonymous", session.Failure("#!share anonymous --from csharp").Message, StringComparison.Ordinal);
        Assert.Contains("null", session.Failure("#!share nothing --from csharp").Message, StringComparison.Ordinal);
        Assert.Contains("finds no absent in csharp", session.Failure("#!share absent --from csharp").Message, StringComparison.Ordinal);
        Assert.Contains("the language python", session.Failure("#!share pair --from python").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AValueOfAnInternalClassIsSharedAsItsDeclaredType()
    {
        session.Value("#!csharp\nIEnumerable<int[]> lazily = Enumerable.Range(0, 3).Select(i => new[] { i, i });");
        Assert.Equal("6", session.Value("#!share lazily --from csharp\n#!fsharp\nlazily |> Seq.sumBy Array.sum"));
        session.Value("#!csharp\nobject hidden = Enumerable.Range(0, 3).Select(i => i);");
        Assert.Contains("internal type", session.Failure("#!share hidden --from csharp").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnUnknownMagicIsNamedWithItsLineAndTheOnesThereAre()
    {
        var message = session.Failure("let a = 1\n#!conect x").Message;
        Assert.Contains("Line 2: there is no magic #!conect", message, StringComparison.Ordinal);
        Assert.Contains("#!share", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ErrorsNameTheLineOfTheCell()
    {
        var thrown = session.Failure("#!fsharp\nlet unused = 1\n\nfailwith \"boom\"");
        Assert.Equal("boom", thrown.Message);
        Assert.Contains(" ---> 4 | failwith \"boom\"", thrown.Traceback);
        var refused = session.Failure("#!csharp\nvar ok = 1;\nvar bad = missing;");
        Assert.Contains("(3,11)", refused.Traceback[0], StringComparison.Ordinal);
        Assert.DoesNotContain(thrown.Traceback, line => line.Contains("ResearchKit.Kernel", StringComparison.Ordinal));
        Assert.Contains("(2,9)", session.Failure("let first = 1\nfirst + undefinedName").Traceback[0], StringComparison.Ordinal);
    }

    [Fact]
    public void WhatAFailedCellDefinedBeforeItsErrorStays()
    {
        Assert.Equal("DivideByZeroException", session.Failure("#!csharp\nvar kept = 41;\nvar zero = 0;\nConsole.WriteLine(1 / zero);").Name);
        Assert.Equal("42", session.Value("#!csharp\nkept + 1"));
    }

    [Theory]
    [InlineData("#!csharp\nwhile (true) { }")]
    [InlineData("#!fsharp\nwhile true do ()")]
    [InlineData("#!csharp\nThread.Sleep(100000);")]
    [InlineData("#!csharp\nawait Task.Delay(100000);")]
    [InlineData("#!fsharp\nasync { do! Async.Sleep 100000 } |> Async.RunSynchronously")]
    public void TwoInterruptsInARowKeepTheState(string endless)
    {
        session.Value("let stays = 17");
        session.Value("#!csharp\nvar bleibt = 18;");
        for (var round = 0; round < 2; round++)
        {
            using var timer = new Timer(_ => session.Cells.Interrupt(), null, 700, Timeout.Infinite);
            var (report, _) = session.Run(endless);
            Assert.True(report.WasInterrupted);
            Assert.Equal("Interrupted", report.Error!.Name);
        }

        Assert.Equal("17", session.Value("stays"));
        Assert.Equal("18", session.Value("#!csharp\nbleibt"));
    }

    [Fact]
    public void ACellThatWatchesItsTokenEndsByItselfAndKeepsItsThread()
    {
        // Interrupted when it prints, so that it runs by then and is not still being compiled.
        var (report, sink) = session.Run("#!csharp\nConsole.Write(\"running\");\nwhile (!cancellation.IsCancellationRequested) Thread.Sleep(5);\n\"stopped\"", printed: session.Cells.Interrupt);
        Assert.Equal("running", sink.Out);
        Assert.Equal("stopped", report.Result?.PlainText);
    }

    [Fact]
    public void TheGradientModeSetInOneCellHoldsInTheNextOfTheOtherLanguage()
    {
        session.Value("open TorchSharp\nlet before = torch.set_grad_enabled false");
        Assert.Equal("false", session.Value("#!csharp\nawait Task.Delay(1);\nTorchSharp.torch.is_grad_enabled()"));
        session.Value("torch.set_grad_enabled true |> ignore");
    }

    [Fact]
    public void AGigabyteOfOutputIsCutAndCounted()
    {
        var (report, sink) = session.Run("#!csharp\nvar megabyte = new string('x', 1_000_000);\nfor (var i = 0; i < 1000; i++) Console.Write(megabyte);");
        Assert.Null(report.Error);
        Assert.Equal(CellOutput.MostCharacters, sink.Out.Length);
        Assert.Contains("The output is cut here", sink.Error, StringComparison.Ordinal);
        Assert.Contains("999,000,000 characters were dropped", sink.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AFloodOfDisplaysIsCutAndCounted()
    {
        var (_, sink) = session.Run("for i in 1 .. 1500 do display i |> ignore");
        Assert.Equal(CellOutput.MostDisplays, sink.Displays.Count);
        Assert.Contains("500 displays were dropped", sink.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void OutputKeepsItsOrderAndComesBeforeTheDisplayBehindIt()
    {
        var order = new List<string>();
        var sink = new OrderSink(order);
        session.Cells.Run(new CellRequest("printf \"a\"\neprintf \"b\"\nprintf \"c\"\ndisplay \"d\" |> ignore\nprintf \"e\"", null, "order", 0), sink);
        Assert.Equal(["stdout a", "stderr b", "stdout c", "display d", "stdout e"], order);
    }

    [Fact]
    public void WhatAThreadPrintsAfterTheEndOfItsCellStillArrives()
    {
        var (_, sink) = session.Run("""
            #!csharp
            var ended = new ManualResetEventSlim();
            Exception inThread = null;
            var printing = new Thread(() =>
            {
                ended.Wait();
                try
                {
                    Console.Write("late");
                    Console.Write(" and later");
                }
                catch (Exception error)
                {
                    inThread = error;
                }
            });
            printing.Start();
            """);
        Assert.Equal("true", session.Value("#!csharp\nended.Set();\nprinting.Join();\ninThread is null"));
        Assert.Equal("late and later", sink.Out);
    }

    [Fact]
    public void ADisplayIsUpdatedUnderItsName()
    {
        var (_, sink) = session.Run("let handle = display \"first\"\nhandle.Update \"second\"");
        Assert.Equal([("first", false), ("second", true)], sink.Displays.Select(shown => (shown.Bundle.PlainText, shown.Update)));
        Assert.Equal(sink.Displays[0].Id, sink.Displays[1].Id);
    }

    [Fact]
    public void ExitIsRefusedInBothLanguagesBeforeAnythingIsLost()
    {
        Assert.Contains("can't end the kernel", session.Failure("exit 3").Message, StringComparison.Ordinal);
        Assert.Contains("would end the kernel", session.Failure("#!csharp\nEnvironment.Exit(3);").Message, StringComparison.Ordinal);
        Assert.Contains("would end the kernel", session.Failure("#quit;;").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnExceptionOnAnotherThreadIsReportedAndTheSessionGoesOn()
    {
        var (report, sink) = session.Run("#!csharp\nvar failing = new Thread(() => throw new InvalidOperationException(\"astray\"));\nfailing.Start();\nThread.Sleep(500);\n1");
        Assert.Equal("1", report.Result!.PlainText);
        Assert.Contains("astray", sink.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void InputIsAnswered()
    {
        var (report, _) = session.Run("#!csharp\ninput(\"Name? \") + \"!\"", answer: "Ada");
        Assert.Equal("Ada!", report.Result!.PlainText);
    }

    [Theory]
    [InlineData("{\"polyglot_notebook\":{\"kernelName\":\"csharp\"}}", "Enumerable.Range(0, 10).Count()")]
    [InlineData("{\"dotnet_interactive\":{\"language\":\"csharp\"}}", "Enumerable.Range(0, 10).Count()")]
    [InlineData("{\"vscode\":{\"languageId\":\"csharp\"}}", "Enumerable.Range(0, 10).Count()")]
    [InlineData("{\"vscode\":{\"languageId\":\"polyglot-notebook\"}}", "[ 1 .. 10 ] |> List.length")]
    public void MetadataNamesTheLanguageOfACell(string metadata, string code)
    {
        var report = session.Cells.Run(new CellRequest(code, CellText.LanguageOf(System.Text.Json.Nodes.JsonNode.Parse(metadata)), "marked", 0), new RecordingSink());
        Assert.Equal("10", report.Result?.PlainText);
    }

    [Fact]
    public void ACellOfALanguageThatIsNotThereIsNotReadAsAnother()
    {
        var language = CellText.LanguageOf(System.Text.Json.Nodes.JsonNode.Parse("{\"polyglot_notebook\":{\"kernelName\":\"pwsh\"}}"));
        var report = session.Cells.Run(new CellRequest("1 + 1", language, "foreign", 0), new RecordingSink());
        Assert.Contains("names the language pwsh; this kernel runs fsharp and csharp", report.Error!.Message, StringComparison.Ordinal);
        Assert.Null(session.Cells.Run(new CellRequest("#!markdown\ntext", language, "prose", 0), new RecordingSink()).Error);
    }

    [Fact]
    public void ReferencesThatDoNotExistAreNamed()
    {
        Assert.Contains("there is no file", session.Failure("#r \"nowhere/absent.dll\"").Message, StringComparison.Ordinal);
        Assert.Contains("needs the name of a package", session.Failure("#r \"nuget: \"").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAssemblyLoadedByPathHasOneIdentityInBothLanguages()
    {
        // A file of the test's own output that no engine knows yet.
        var path = Path.Combine(AppContext.BaseDirectory, "FsCheck.Xunit.v3.dll");
        Assert.Equal("PropertyAttribute", session.Value($"#!csharp\n#r \"{path}\"\nvar kind = typeof(FsCheck.Xunit.PropertyAttribute);\nkind.Name"));
        Assert.Equal("true", session.Value($"#r \"{path}\"\n#!share kind --from csharp\n#!fsharp\nkind = typeof<FsCheck.Xunit.PropertyAttribute>"));
    }

    [Fact]
    public void APackageThatTheKernelSuppliesNeedsNoRestore() => Assert.Equal("10", session.Value("#r \"nuget: MathNet.Numerics\"\nMathNet.Numerics.Combinatorics.Combinations(5, 2)"));

    [Fact]
    public void WhoNamesTheVariablesOfBothLanguages()
    {
        session.Value("let eff = 1");
        session.Value("#!csharp\nvar cee = 2;");
        var (_, sink) = session.Run("#!who");
        Assert.Contains("eff", sink.Out, StringComparison.Ordinal);
        Assert.Contains("cee", sink.Out, StringComparison.Ordinal);
        Assert.Contains("Wall time", session.Run("#!time\n1").Sink.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void CompletionAndHoverKnowWhatEarlierCellsDefined()
    {
        session.Value("let fsharpName = [ 1 ]");
        session.Value("#!csharp\nvar csharpName = \"text\";");
        Assert.Contains(session.Cells.Complete("fsharpNa", 8).Items, item => item.Text == "fsharpName");
        Assert.Contains(session.Cells.Complete("#!csharp\ncsharpName.Leng", 24).Items, item => item.Text == "Length");
        Assert.Contains("int list", session.Cells.Describe("fsharpName", 4), StringComparison.Ordinal);
        Assert.Contains("string", session.Cells.Describe("#!csharp\ncsharpName", 12), StringComparison.Ordinal);
        Assert.Equal(["#!share"], session.Cells.Complete("#!sh", 4).Items.Select(item => item.Text));
        Assert.Equal(2, session.Cells.Check("let fine = 1\nlet bad = absentName", 20)[0].Line);
    }

    [Fact]
    public void CompletionIsAskedForAtTheVeryBeginning()
    {
        foreach (var text in new[] { "\nlet a = 1", "\n", "" }) Assert.Equal(0, session.Cells.Complete(text, 0).End);
    }

    private sealed class OrderSink(List<string> order) : ICellSink
    {
        public void Stream(string stream, string text) => order.Add($"{stream} {text}");

        public void Display(Notebooks.MimeBundle bundle, string? displayId, bool update) => order.Add("display " + bundle.PlainText);

        public void Clear(bool wait) => order.Add("clear");

        public string ReadLine(string prompt, bool hidden) => "";
    }
}
