# Train, take notes, or run anything else of tf1_dnn in one image:
#   docker build -t tf1_dnn .
#   docker build -t tf1_dnn:cpu --build-arg BASE_IMAGE=tensorflow/tensorflow:2.21.0 \
#     --build-arg EXTRAS=notebooks .                          # without CUDA
#   docker run --rm --gpus all tf1_dnn                        # trains; options pass through
#   docker run --rm --gpus all -p 127.0.0.1:8888:8888 tf1_dnn notebook  # Jupyter
#   docker run --rm --gpus all tf1_dnn python -m tf1_dnn.doctor --require-gpu
ARG BASE_IMAGE=tensorflow/tensorflow:2.21.0-gpu
FROM ${BASE_IMAGE}

# gpu: the CUDA libraries that TensorFlow 2.21 was built for. The base image's own cuDNN is 8.9,
# with which TensorFlow finds no GPU (tensorflow/build #221).
ARG EXTRAS=gpu,notebooks

# A virtual environment of our own: pip cannot replace the packages that Debian or distutils put
# into the base image, and with them beside ours the versions would not be the locked ones.
# Editable, with the version alone, so that edits to the code below reinstall nothing.
WORKDIR /opt/tf1_dnn
COPY setup.cfg pyproject.toml requirements.lock ./
COPY tf1_dnn/__init__.py tf1_dnn/
RUN python3 -m venv /opt/venv \
 && PIP_CONSTRAINT=requirements.lock /opt/venv/bin/pip install --no-cache-dir -e ".[${EXTRAS}]"

# The linker is told of pip's CUDA libraries, before any of the base image's: TensorFlow's own
# search path lacks some. XLA gets ptxas and libdevice of the same release.
RUN find /opt/venv/lib -path "*/site-packages/nvidia/*/lib" -prune > /etc/ld.so.conf.d/00-tf1_dnn.conf \
 && ldconfig \
 && find /opt/venv/lib -path "*/site-packages/nvidia/cuda_nvcc" -exec ln -s {} /opt/venv/cuda \;

# Writable for whatever user --user names; a named volume takes these modes over.
RUN useradd --non-unique --create-home --home-dir /home/dnn --uid 1000 dnn \
 && mkdir -p /workspace/runs /cache/keras /cache/xla /cache/cuda \
 && chmod 1777 /home/dnn /workspace /workspace/runs /cache /cache/*
ENV HOME=/home/dnn \
    PATH=/opt/venv/bin:/opt/venv/cuda/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    KERAS_HOME=/cache/keras \
    CUDA_CACHE_PATH=/cache/cuda \
    XLA_FLAGS=--xla_gpu_cuda_data_dir=/opt/venv/cuda \
    XLA_CACHE=/cache/xla \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

COPY docker/entrypoint.sh /usr/local/bin/tf1_dnn
COPY tf1_dnn tf1_dnn
COPY notebooks /workspace/notebooks
COPY tests/golden /workspace/tests/golden
RUN python -m compileall -q tf1_dnn && chmod -R a+rwX /workspace/notebooks

USER 1000:1000
WORKDIR /workspace
VOLUME ["/workspace/runs", "/cache"]
EXPOSE 8888
ENTRYPOINT ["tf1_dnn"]
CMD ["train"]
