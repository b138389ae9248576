from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import RobustScaler


def robust() -> Pipeline:
    return make_pipeline(RobustScaler(), LogisticRegression(C=0.5, max_iter=1000))
