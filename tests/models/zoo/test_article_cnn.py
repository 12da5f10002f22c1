from keras import layers

from models.zoo import article_cnn


def test_network_is_the_recipe_to_the_letter():
    model = article_cnn.build((224, 224, 3), 10, seed=1, dtype="float32")
    told = [(type(layer), getattr(layer, "filters", None) or getattr(layer, "units", None)) for layer in model.layers[1:]]
    convolution, pool, dense = layers.Conv2D, layers.MaxPooling2D, layers.Dense
    stages = [stage for filters in (32, 64, 128) for stage in ((convolution, filters), (pool, None))]
    assert told == [*stages, (layers.Flatten, None), (dense, 128), (dense, 10)]
    assert model.layers[-1].activation.__name__ == "softmax"
    assert {layer.activation.__name__ for layer in model.layers[:-1] if hasattr(layer, "activation")} == {"relu"}
