"""deploy/tfjob.yaml: the fields on which Kubeflow's training operator and this project agree."""

import json
import pathlib

import pytest

from tf1_dnn import train
from tf1_dnn.cluster import tf_config
from tf1_dnn.errors import ClusterError

yaml = pytest.importorskip("yaml")
ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture
def objects():
    documents = yaml.safe_load_all((ROOT / "deploy" / "tfjob.yaml").read_text())
    return {document["kind"]: document for document in documents}


@pytest.fixture
def job(objects):
    return objects["TFJob"]


def containers(job):
    for kind, replica in job["spec"]["tfReplicaSpecs"].items():
        yield kind, *replica["template"]["spec"]["containers"]


def made_by_operator(job, kind, index):
    """TF_CONFIG as the operator writes it: pkg/controller.v1/tensorflow/tensorflow.go, 1.9."""
    name, replicas = job["metadata"]["name"], job["spec"]["tfReplicaSpecs"]
    cluster = {
        each.lower(): [
            f"{name}-{each.lower()}-{i}.default.svc:2222" for i in range(spec["replicas"])
        ]
        for each, spec in replicas.items()
    }
    task = {"type": kind.lower(), "index": index}
    return json.dumps({"cluster": cluster, "task": task, "environment": "cloud"})


def test_it_is_a_tfjob_of_known_replicas(job):
    assert (job["apiVersion"], job["kind"]) == ("kubeflow.org/v1", "TFJob")
    assert set(job["spec"]) == {"runPolicy", "tfReplicaSpecs"}
    assert set(job["spec"]["tfReplicaSpecs"]) == {"Chief", "Worker", "PS", "Evaluator"}
    assert job["spec"]["runPolicy"] == {"cleanPodPolicy": "Running"}
    for replica in job["spec"]["tfReplicaSpecs"].values():
        assert set(replica) == {"replicas", "restartPolicy", "template"}
        assert replica["restartPolicy"] == "ExitCode"  # again after a signal, not after a mistake


def test_every_container_is_the_one_the_operator_looks_for(job):
    for kind, container in containers(job):
        assert (container["name"], container["image"]) == ("tensorflow", "tf1_dnn"), kind
        assert container["ports"] == [{"name": "tfjob-port", "containerPort": 2222}]


def test_the_arguments_are_the_commands_and_resume_the_run(job):
    for kind, container in containers(job):
        command, *options = container["args"]
        given = train.make_parser().parse_args(options)
        assert command == "train" and given.resume and given.run_dir.startswith("runs/"), kind


def test_the_tf_config_made_of_it_is_a_cluster(job):
    tasks = {
        (kind, index): tf_config.parse(made_by_operator(job, kind, index))
        for kind, replica in job["spec"]["tfReplicaSpecs"].items()
        for index in range(replica["replicas"])
    }
    assert [key for key, task in tasks.items() if task.is_chief] == [("Chief", 0)]
    assert tasks["Worker", 1].replicas == ["chief", "worker 0", "worker 1"]
    with pytest.raises(ClusterError):
        tf_config.parse(made_by_operator(job, "Worker", 2))


def test_runs_lie_on_the_claimed_volume(objects, job):
    claim = objects["PersistentVolumeClaim"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    for replica in job["spec"]["tfReplicaSpecs"].values():
        pod = replica["template"]["spec"]
        (volume,), (container,) = pod["volumes"], pod["containers"]
        assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
        assert container["volumeMounts"] == [
            {"name": volume["name"], "mountPath": "/workspace/runs"}
        ]
        assert pod["securityContext"]["runAsUser"] == 1000  # the image's user


def test_only_the_jobs_own_pods_reach_its_servers(objects, job):
    policy = objects["NetworkPolicy"]["spec"]
    own = {"matchLabels": {"training.kubeflow.org/job-name": job["metadata"]["name"]}}
    assert policy["podSelector"] == own and policy["policyTypes"] == ["Ingress"]
    assert policy["ingress"] == [
        {"from": [{"podSelector": own}], "ports": [{"protocol": "TCP", "port": 2222}]}
    ]
