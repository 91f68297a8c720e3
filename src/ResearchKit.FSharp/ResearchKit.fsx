// The kit in an F# script, one line: #load "…/src/ResearchKit.FSharp/bin/Release/net10.0/ResearchKit.fsx", then open ResearchKit.FSharp.
#r "ResearchKit.Core.dll"
#r "ResearchKit.Models.dll"
#r "ResearchKit.Evaluation.dll"
#r "ResearchKit.Training.dll"
#r "ResearchKit.Experiments.dll"
#r "TorchSharp.dll"
#r "ResearchKit.FSharp.dll"
