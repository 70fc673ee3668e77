"""The ops of TensorFlow 1.15.5 that TensorFlow 2.21 lacks, by the part of tf.contrib they were in.

Made by tests/check/make_removed_ops.py. "core" holds those that were in no part of tf.contrib.
"""

from __future__ import annotations

REMOVED = {
    "bigtable": (
        "BigtableClient BigtableLookupDataset BigtablePrefixKeyDataset BigtableRangeKeyDataset "
        "BigtableSampleKeyPairsDataset BigtableSampleKeysDataset BigtableScanDataset "
        "BigtableTable DatasetToBigtable"
    ),
    "boosted_trees": (
        "BucketizeWithInputBoundaries BuildCategoricalEqualitySplits BuildDenseInequalitySplits "
        "BuildSparseInequalitySplits CenterTreeEnsembleBias CreateQuantileAccumulator "
        "CreateStatsAccumulatorScalar CreateStatsAccumulatorTensor CreateTreeEnsembleVariable "
        "DecisionTreeEnsembleResourceHandleOp GradientTreesPartitionExamples "
        "GradientTreesPrediction GradientTreesPredictionVerbose GrowTreeEnsemble "
        "MakeQuantileSummaries QuantileAccumulatorAddSummaries QuantileAccumulatorDeserialize "
        "QuantileAccumulatorFlush QuantileAccumulatorFlushSummary QuantileAccumulatorGetBuckets "
        "QuantileAccumulatorIsInitialized QuantileAccumulatorSerialize QuantileBuckets "
        "QuantileStreamResourceHandleOp Quantiles StatsAccumulatorScalarAdd "
        "StatsAccumulatorScalarDeserialize StatsAccumulatorScalarFlush "
        "StatsAccumulatorScalarIsInitialized StatsAccumulatorScalarMakeSummary "
        "StatsAccumulatorScalarResourceHandleOp StatsAccumulatorScalarSerialize "
        "StatsAccumulatorTensorAdd StatsAccumulatorTensorDeserialize StatsAccumulatorTensorFlush "
        "StatsAccumulatorTensorIsInitialized StatsAccumulatorTensorMakeSummary "
        "StatsAccumulatorTensorResourceHandleOp StatsAccumulatorTensorSerialize "
        "TreeEnsembleDeserialize TreeEnsembleIsInitializedOp TreeEnsembleSerialize "
        "TreeEnsembleStampToken TreeEnsembleStats TreeEnsembleUsedHandlers"
    ),
    "core": (
        "BigQueryReader CompareAndBitpack GcsConfigureBlockCache GcsConfigureCredentials "
        "GenerateBigQueryReaderPartitions LoadTPUEmbeddingADAMParametersGradAccumDebug "
        "LoadTPUEmbeddingAdadeltaParametersGradAccumDebug "
        "LoadTPUEmbeddingAdagradParametersGradAccumDebug "
        "LoadTPUEmbeddingFTRLParametersGradAccumDebug "
        "LoadTPUEmbeddingMomentumParametersGradAccumDebug "
        "LoadTPUEmbeddingProximalAdagradParametersGradAccumDebug "
        "LoadTPUEmbeddingRMSPropParametersGradAccumDebug RemoteFusedGraphExecute "
        "RetrieveTPUEmbeddingADAMParametersGradAccumDebug "
        "RetrieveTPUEmbeddingAdadeltaParametersGradAccumDebug "
        "RetrieveTPUEmbeddingAdagradParametersGradAccumDebug "
        "RetrieveTPUEmbeddingFTRLParametersGradAccumDebug "
        "RetrieveTPUEmbeddingMomentumParametersGradAccumDebug "
        "RetrieveTPUEmbeddingProximalAdagradParametersGradAccumDebug "
        "RetrieveTPUEmbeddingRMSPropParametersGradAccumDebug Rpc TensorForestCreateTreeVariable "
        "TensorForestTreeDeserialize TensorForestTreeIsInitializedOp TensorForestTreePredict "
        "TensorForestTreeResourceHandleOp TensorForestTreeSerialize TensorForestTreeSize TryRpc"
    ),
    "factorization": ("MaskedMatmul WALSComputePartialLhsAndRhs"),
    "framework": ("ZeroInitializer ZeroVarInitializer"),
    "fused_conv": ("FusedConv2DBiasActivation"),
    "hadoop": ("SequenceFileDataset"),
    "ignite": ("IgniteDataset"),
    "image": (
        "AdjustHsvInYiq BipartiteMatch ImageConnectedComponents ImageProjectiveTransform "
        "SingleImageRandomDotStereograms"
    ),
    "input_pipeline": ("ObtainNext"),
    "kafka": ("KafkaDataset"),
    "kinesis": ("KinesisDataset"),
    "layers": ("SparseFeatureCross SparseFeatureCrossV2"),
    "libsvm": ("DecodeLibsvm"),
    "memory_stats": ("BytesInUse BytesLimit MaxBytesInUse"),
    "nearest_neighbor": ("HyperplaneLSHProbes"),
    "periodic_resample": ("PeriodicResample PeriodicResampleOpGrad"),
    "reduce_slice_ops": ("ReduceSliceMax ReduceSliceMin ReduceSliceProd ReduceSliceSum"),
    "resampler": ("Resampler ResamplerGrad"),
    "seq2seq": ("GatherTree"),
    "tensor_forest": (
        "CreateFertileStatsVariable CreateTreeVariable DecisionTreeResourceHandleOp "
        "FeatureUsageCounts FertileStatsDeserialize FertileStatsIsInitializedOp "
        "FertileStatsResourceHandleOp FertileStatsSerialize FinalizeTree GrowTreeV4 "
        "ProcessInputV4 ReinterpretStringToFloat ScatterAddNdim TraverseTreeV4 TreeDeserialize "
        "TreeIsInitializedOp TreePredictionsV4 TreeSerialize TreeSize UpdateModelV4"
    ),
    "text": ("SkipGramGenerateCandidates"),
}
