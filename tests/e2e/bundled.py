"""The data sets that scikit-learn brings along, as use cases, and gradient boosting on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, roc_auc_score, root_mean_squared_error

USE_CASES = Path(__file__).parent / "use_cases"
SALT = "salt"


class Bundled(NamedTuple):
    """One data set as a use case.

    Attributes:
        label: The label's column.
        load: scikit-learn's loader.
        metric: What it is judged by.
    """

    label: str
    load: Callable[..., Any]
    metric: str

    def frame(self, seed: int) -> pd.DataFrame:
        """Returns the rows; their salt, and so the hash split, depends on the seed."""
        loaded = self.load()
        rows = pd.DataFrame(loaded.data, columns=loaded.feature_names)
        if "sex" in rows:
            rows["sex"] = rows["sex"].astype(int)
        names = getattr(loaded, "target_names", None)
        rows[self.label] = loaded.target if names is None else names[loaded.target]
        rows[SALT] = np.random.default_rng(seed).integers(2**31, size=len(rows))
        return rows

    def boosting(self, train: pd.DataFrame, test: pd.DataFrame) -> float:
        """Returns the metric of gradient boosting, learned on one split, on another one."""
        seen, unseen = (s.drop(columns=[self.label, SALT]) for s in (train, test))
        if self.metric == "rmse":
            regressor = HistGradientBoostingRegressor(random_state=0)
            return self.score(test, regressor.fit(seen, train[self.label]).predict(unseen))
        classifier = HistGradientBoostingClassifier(random_state=0).fit(seen, train[self.label])
        if self.metric == "accuracy":
            return self.score(test, classifier.predict(unseen))
        positive = list(classifier.classes_).index("malignant")
        return self.score(test, classifier.predict_proba(unseen)[:, positive])

    def score(self, test: pd.DataFrame, answers: np.ndarray) -> float:
        """Returns the metric of answers: classes, numbers, or probabilities of "malignant"."""
        truth = test[self.label]
        if self.metric == "rmse":
            return float(root_mean_squared_error(truth, answers))
        if self.metric == "accuracy":
            return float(accuracy_score(truth, answers))
        return float(roc_auc_score(truth == "malignant", answers))


BUNDLED = {
    "breast_cancer": Bundled("diagnosis", datasets.load_breast_cancer, "auc"),
    "wine": Bundled("cultivar", datasets.load_wine, "accuracy"),
    "diabetes": Bundled("progression", lambda: datasets.load_diabetes(scaled=False), "rmse"),
}
